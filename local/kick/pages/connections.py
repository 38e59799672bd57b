"""Settings > Connections, where a viewer disconnects an app. As on Kick, the app isn't notified."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from .. import clock
from ..grants import end_grant
from ..models import Grant
from .outcome import tell
from .viewer import ask_who, current_viewer


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
        tell(request, f"{grant.app.name} is disconnected.", good=True)
    return HttpResponseRedirect(reverse("connections"))
