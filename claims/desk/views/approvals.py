"""A manual grant that waits for a second person: approve or reject it."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from claims.desk import approvals
from claims.desk.actions import ActionContext
from claims.desk.views.actions import ask_and_act
from claims.desk.views.decorators import LOOK, name_of, show, staff_page
from claims.manual_grants import NothingToGrant
from claims.models import GrantRequest


@ask_and_act
@staff_page(*LOOK, "claims.grant_by_hand")
def approval(request: HttpRequest, *, request_id: uuid.UUID) -> HttpResponse:
    rows = GrantRequest.objects.select_related(
        "player", "pair__campaign", "pair__reward", "offer__reward"
    )
    wanted = get_object_or_404(rows, pk=request_id)
    if request.method == "POST":
        _decide(request, request_id)
        return redirect("desk:approval", request_id)
    return show(
        request,
        "approval.html",
        title=_("Manual grant for %(player)s") % {"player": wanted.player},
        wanted=wanted,
        items=wanted.wanted.reward.mapping.select_related("item"),
        owned=approvals.items_owned_already(player=wanted.player, pair=wanted.wanted),
        is_own=wanted.requested_by == name_of(request),
    )


def _decide(request: HttpRequest, request_id: uuid.UUID) -> None:
    act = ActionContext(actor=name_of(request), reason="", now=timezone.now())
    try:
        if "approve" in request.POST:
            approvals.approve(request_id=request_id, act=act)
            messages.success(request, _("Approved and granted."))
        elif "reject" in request.POST:
            approvals.reject(request_id=request_id, act=act)
            messages.success(request, _("Rejected. Nothing was granted."))
    except approvals.AlreadyDecided:
        messages.warning(request, _("Someone has already decided about this grant."))
    except approvals.SamePerson:
        messages.error(request, _("Someone else has to decide about your own request."))
    except NothingToGrant:
        messages.error(request, _("Not granted: the reward isn't mapped to items any more."))
