"""Connecting and disconnecting apps.

`/oauth/authorize`: an app asks for access, and the signed-in viewer allows or declines.
Settings > Connections: a viewer disconnects an app. As on Kick, the app isn't notified.
"""

from typing import cast
from urllib.parse import parse_qsl, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from .. import clock
from ..grants import allow, decline, end_grant, read_authorize_request
from ..models import Grant
from ..refusals import Refused
from ..wire.endpoint import refuse_authorize
from .viewer import ask_who, current_viewer


def authorize(request: HttpRequest) -> HttpResponse:
    """Show the consent page. Its form posts to the same URL, so a decision is checked again."""
    # Kick's front end replaces the first 127.0.0.1 in the query with localhost.
    query = request.META.get("QUERY_STRING", "").replace("127.0.0.1", "localhost", 1)
    try:
        asked = read_authorize_request(dict(parse_qsl(query)))
    except Refused as refusal:
        return refuse_authorize(str(refusal))
    viewer = current_viewer(request)
    if request.method == "POST":
        if request.POST.get("decision") != "allow":
            return _redirect(decline(request=asked))
        if viewer is None:
            return ask_who(request, because="You've been signed out.")
        return _redirect(allow(request=asked, viewer=viewer, now=clock.now()))
    if viewer is None:
        return ask_who(request, because=f"{asked.app.name} wants to connect to your account.")
    parts = urlsplit(asked.redirect_uri)
    request.form_origin = f"{parts.scheme}://{parts.netloc}"  # type: ignore[attr-defined]
    return render(request, "local_kick/consent.html", {"asked": asked})


def _redirect(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.headers["Cache-Control"] = "no-store"
    return cast("HttpResponse", response)


@require_safe
def connections(request: HttpRequest) -> HttpResponse:
    viewer = current_viewer(request)
    if viewer is None:
        return ask_who(request, because="Connections belong to your Kick account.")
    live = viewer.grants.filter(revoked_at=None).select_related("app__organization")
    context = {"grants": live.order_by("-granted_at")}
    return render(request, "local_kick/connections.html", context)


@require_POST
def disconnect(request: HttpRequest) -> HttpResponse:
    viewer = current_viewer(request)
    grant = (
        Grant.objects.filter(viewer=viewer, app=request.POST.get("client_id", ""))
        .select_related("app")
        .first()
    )
    if grant:
        end_grant(grant=grant, now=clock.now())
        messages.success(request, f"{grant.app.name} is disconnected.")
    return HttpResponseRedirect(reverse("connections"))
