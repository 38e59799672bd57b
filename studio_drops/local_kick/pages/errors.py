from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..middleware import WIRE_PATHS
from ..wire.answers import refuse


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    if request.path.startswith((*WIRE_PATHS, "/local/")):
        return refuse(request.path, 404, "there is no such endpoint: see docs/local-kick.md")
    return render(request, "local_kick/not_found.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of the stand-in itself; the traceback is on its standard error."""
    return refuse(request.path, 500, "the local Kick itself failed: see what it printed")
