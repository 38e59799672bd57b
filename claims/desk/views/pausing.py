"""Pause the grants of a campaign or reward, with a reason, and resume them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from claims.desk import actions
from claims.desk.enqueue import heal_after_commit
from claims.desk.views.actions import ask_and_act
from claims.desk.views.decorators import LOOK, name_of, show, staff_page
from claims.desk.views.forms import ReasonForm
from claims.models import Campaign, Reward
from claims.pausing import Target, find_pause

CHANGE = (*LOOK, "claims.change_campaign", "claims.change_reward")


@ask_and_act
@staff_page(*CHANGE)
def pause(request: HttpRequest, *, kind: str, target_id: str) -> HttpResponse:
    target = _find(kind, target_id)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return show(
            request,
            "pause.html",
            title=_("Pause grants"),
            target=target,
            kind=kind,
            current=find_pause(target),
            form=form,
        )
    actions.pause(target=target, act=_act(request, form.cleaned_data["reason"]))
    heal_after_commit()
    messages.success(request, _("Paused. New claims are held until you resume."))
    return _back(target)


@require_POST
@staff_page(*CHANGE)
def resume(request: HttpRequest, *, kind: str, target_id: str) -> HttpResponse:
    target = _find(kind, target_id)
    actions.resume(target=target, act=_act(request, ""))
    heal_after_commit()
    messages.success(request, _("Resumed. Held claims are granted within a minute."))
    return _back(target)


def _find(kind: str, target_id: str) -> Target:
    if kind == "campaign":
        return get_object_or_404(Campaign, pk=target_id)
    return get_object_or_404(Reward, pk=target_id)


def _act(request: HttpRequest, reason: str) -> actions.ActionContext:
    return actions.ActionContext(actor=name_of(request), reason=reason, now=timezone.now())


def _back(target: Target) -> HttpResponse:
    if isinstance(target, Campaign):
        return redirect("desk:campaign", target.pk)
    return redirect("admin:claims_reward_change", target.pk)
