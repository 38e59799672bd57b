"""The developer dashboard. It shows all organizations; on Kick, owners see only their own."""

import json
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from .. import clock
from ..campaigning import save_campaign, save_reward
from ..crowds import claims_of, make_crowd
from ..faults import order_faults, ordered_faults
from ..keys import public_key_pem, rotate_key
from ..models import Campaign, Delivery, Organization, WatchTime
from ..refusals import Refused
from ..webhooks import deliver
from .forms import CampaignForm, ClaimsForm, RewardForm, checked, read_minutes

RECENT = 25
View = Callable[[HttpRequest], HttpResponse]


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    deliveries = Delivery.objects.select_related("claim__reward", "claim__user")
    context = {
        "organizations": [_describe(owner) for owner in Organization.objects.order_by("name")],
        "deliveries": deliveries.order_by("-pk")[:RECENT],
        "faults": {name: json.dumps(value) for name, value in ordered_faults().items()},
        "fingerprint": sha256(public_key_pem().encode()).hexdigest()[:16],
    }
    return render(request, "local_kick/dashboard.html", context)


def _describe(owner: Organization) -> dict[str, Any]:
    return {
        "organization": owner,
        "apps": owner.apps.order_by("name"),
        "members": owner.members.order_by("name"),
        "campaigns": [_overview(campaign) for campaign in owner.campaigns.order_by("-starts_at")],
        "rewards": owner.rewards.order_by("name"),
        "reward_form": RewardForm(auto_id=f"reward-{owner.pk}-%s"),
        "campaign_form": CampaignForm(auto_id=f"campaign-{owner.pk}-%s"),
        "claims_form": ClaimsForm(auto_id=f"claims-{owner.pk}-%s", owner=owner),
    }


def _overview(campaign: Campaign) -> dict[str, Any]:
    """The figures that Kick shows for a campaign: watched minutes, claims, unique viewers."""
    watched = WatchTime.objects.filter(campaign=campaign)
    figures = watched.aggregate(minutes=Sum("minutes", default=0), viewers=Count("pk"))
    return {
        "campaign": campaign,
        "attachments": campaign.attachments.select_related("reward"),
        "claims": campaign.organization.claims.filter(campaign=campaign).count(),
        **figures,
    }


def _button(view: Callable[[HttpRequest], str]) -> View:
    """Make a POST view that runs one action, shows its result and returns to the dashboard."""

    @require_POST
    @wraps(view)
    def press(request: HttpRequest) -> HttpResponse:
        try:
            messages.success(request, view(request))
        except Refused as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("dashboard"))

    return press


def _owner(request: HttpRequest) -> Organization:
    return get_object_or_404(Organization, name=request.POST.get("organization", ""))


@_button
def make_reward(request: HttpRequest) -> str:
    values = checked(RewardForm(request.POST))
    reward = save_reward(owner=_owner(request), **values, now=clock.now())
    return f"Reward {reward.name} saved. Next, add it to a campaign."


@_button
def make_campaign(request: HttpRequest) -> str:
    form, owner, now = CampaignForm(request.POST), _owner(request), clock.now()
    checked(form)
    plan = form.plan(now=now, rewards=read_minutes(request.POST.dict(), owner))
    campaign = save_campaign(organization=owner.name, plan=plan, campaign_id=None, now=now)
    return f"Campaign {campaign.name} saved. Viewers see it in their inventory."


@_button
def make_claims(request: HttpRequest) -> str:
    values = checked(ClaimsForm(request.POST, owner=_owner(request)))
    crowd = make_crowd(attachment=values["attachment"], count=values["count"], now=clock.now())
    if not values["deliver"]:
        return f"{crowd.count} claims created. No webhooks were sent."
    deliveries = deliver(claims_of(crowd), now=clock.now())
    good = sum(delivery.status == 200 for delivery in deliveries)
    return f"{crowd.count} claims created. {good} of {len(deliveries)} webhooks were answered 200."


@_button
def rotate(_request: HttpRequest) -> str:
    rotate_key()
    return "Key rotated. Webhooks are signed with the new key from now on."


@_button
def clear_faults(_request: HttpRequest) -> str:
    order_faults({})
    return "All faults cleared."
