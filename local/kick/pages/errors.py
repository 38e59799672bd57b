"""Error pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..middleware import WIRE_PATHS
from ..wire.endpoint import refuse


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    if request.path.startswith((*WIRE_PATHS, "/local/")):
        return refuse(request.path, 404, "unknown endpoint: see docs/developers/local-kick.md")
    sentence = "The local Kick has an inventory, connections and a dashboard."
    return _sorry(request, "Page not found", sentence, status=404)


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Django's CSRF check refused a form."""
    sentence = "The form was sent without its cookie. Reload the page and submit it again."
    return _sorry(request, "Please try again", sentence, status=403)


def _sorry(request: HttpRequest, heading: str, sentence: str, *, status: int) -> HttpResponse:
    context = {"heading": heading, "sentence": sentence}
    return render(request, "local_kick/sorry.html", context, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug in the local Kick. The traceback is on its standard error."""
    return refuse(request.path, 500, "the local Kick failed: see its output for the traceback")
