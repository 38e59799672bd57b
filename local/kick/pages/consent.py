"""`/oauth/authorize`: an app asks for access, and the signed-in viewer allows or declines."""

from typing import cast
from urllib.parse import parse_qsl, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from .. import clock
from ..grants import AuthorizeRequest, allow, decline, read_authorize_request
from ..refusals import Refused
from ..wire.endpoint import refuse_authorize
from .viewer import ask_who, current_viewer


def authorize(request: HttpRequest) -> HttpResponse:
    try:
        asked = read_authorize_request(_query(request))
    except Refused as refusal:
        return refuse_authorize(str(refusal))
    if request.method == "POST":
        return _decide(request, asked)
    viewer = current_viewer(request)
    if viewer is None:
        return ask_who(request, because=f"{asked.app.name} wants to connect to your account.")
    request.form_origin = _origin(asked.redirect_uri)  # type: ignore[attr-defined]
    return render(request, "local_kick/consent.html", {"asked": asked})


def _query(request: HttpRequest) -> dict[str, str]:
    """Read the query as Kick does: its front end replaces the first 127.0.0.1 with localhost."""
    query = request.META.get("QUERY_STRING", "")
    return dict(parse_qsl(query.replace("127.0.0.1", "localhost", 1)))


def _decide(request: HttpRequest, asked: AuthorizeRequest) -> HttpResponse:
    """Handle the form. It posts to the same URL, so the caller has checked all parameters again."""
    if request.POST.get("decision") != "allow":
        return _redirect(decline(request=asked))
    viewer = current_viewer(request)
    if viewer is None:
        return ask_who(request, because="You've been signed out.")
    return _redirect(allow(request=asked, viewer=viewer, now=clock.now()))


def _redirect(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.headers["Cache-Control"] = "no-store"
    return cast("HttpResponse", response)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
