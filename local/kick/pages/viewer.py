"""Signing in. There are no passwords, so anyone can be any viewer."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from .. import clock
from ..models import Viewer
from ..refusals import Refused
from ..registry import find_viewer, make_viewer

SESSION_KEY = "user_id"
# How many viewers to offer. Viewers from bulk claims aren't offered.
CHOICES = 12


def current_viewer(request: HttpRequest) -> Viewer | None:
    user_id = request.session.get(SESSION_KEY)
    return Viewer.objects.filter(user_id=user_id).first() if user_id else None


def viewer_context(request: HttpRequest) -> dict[str, Any]:
    return {"viewer": current_viewer(request)} if hasattr(request, "session") else {}


def ask_who(request: HttpRequest, *, because: str) -> HttpResponse:
    """Show the sign-in page, which returns to the current URL."""
    named = Viewer.objects.exclude(name__startswith="crowd-")
    choices = named.order_by("-created_at", "name")[:CHOICES]
    context = {"choices": choices, "next": request.get_full_path(), "because": because}
    return render(request, "local_kick/who.html", context)


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as the viewer with `user_id`, or with `name`, who is created if needed."""
    back = HttpResponseRedirect(_local(request.POST.get("next", "")))
    user_id, name = request.POST.get("user_id"), request.POST.get("name", "").strip()
    if not user_id and not 1 <= len(name) <= 40:
        messages.error(request, "Enter a name of 1 to 40 characters.")
        return back
    try:
        viewer = find_viewer(user_id) if user_id else make_viewer(name=name, now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return back
    request.session.cycle_key()
    request.session[SESSION_KEY] = viewer.user_id
    return back


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return HttpResponseRedirect(_local(request.POST.get("next", "")))


def _local(address: str) -> str:
    """Return `address` if it's on this server, else the front page."""
    parts = urlsplit(address)
    local = not parts.scheme and not parts.netloc and address.startswith("/")
    return address if local and not address.startswith(("//", "/\\")) else "/"
