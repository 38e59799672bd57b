"""The viewer's drops inventory: campaigns, watch time and rewards to claim."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from .. import clock
from ..campaigning import find_attachment, find_campaign
from ..claiming import Standing, claim_reward, standing_of, watch
from ..models import Campaign, CampaignReward, Claim, Viewer
from ..refusals import Refused
from ..webhooks import deliver
from .viewer import ask_who, current_viewer

WATCH_MINUTES = 15


@dataclass(frozen=True, slots=True)
class RewardCard:
    attachment: CampaignReward
    claim: Claim | None
    obstacle: str
    minutes: int

    @property
    def earned(self) -> bool:
        return self.minutes >= self.attachment.required_minutes


@dataclass(frozen=True, slots=True)
class CampaignCard:
    campaign: Campaign
    standing: Standing
    rewards: list[RewardCard]
    now: datetime

    @property
    def phase(self) -> str:
        if self.now < self.campaign.starts_at:
            return "announced"
        return "running" if self.campaign.is_running(now=self.now) else "ended"


@require_safe
def inventory(request: HttpRequest) -> HttpResponse:
    viewer = current_viewer(request)
    if viewer is None:
        return ask_who(request, because="Your drops belong to your Kick account.")
    cards = [_card(viewer, campaign) for campaign in _visible(viewer)]
    context = {"cards": cards, "watch_minutes": WATCH_MINUTES}
    return render(request, "local_kick/inventory.html", context)


def _visible(viewer: Viewer) -> list[Campaign]:
    """Campaigns that are announced, running, claimable, or already claimed from.

    Campaigns in test mode are visible to members only.
    """
    now = clock.now()
    claimed = Claim.objects.filter(user=viewer, campaign=OuterRef("pk"))
    found = Campaign.objects.select_related("organization").filter(
        Q(test_mode=False) | Q(organization__members=viewer)
    )
    return [
        campaign
        for campaign in found.annotate(claimed=Exists(claimed)).order_by("-starts_at", "name")
        if campaign.announced_at <= now and (now < campaign.claimable_until or campaign.claimed)
    ]


def _card(viewer: Viewer, campaign: Campaign) -> CampaignCard:
    standing, now = standing_of(viewer, campaign), clock.now()
    claims = {claim.reward_id: claim for claim in campaign.claims.filter(user=viewer)}
    rewards = [
        RewardCard(
            attachment=attachment,
            claim=claims.get(attachment.reward_id),
            obstacle=standing.obstacle(attachment, now=now),
            minutes=min(standing.minutes, attachment.required_minutes),
        )
        for attachment in campaign.attachments.select_related("reward")
    ]
    return CampaignCard(campaign, standing, rewards, now)


@require_POST
def watch_some(request: HttpRequest) -> HttpResponse:
    try:
        viewer, campaign = _viewer_and_campaign(request)
        watch(viewer=viewer, campaign=campaign, minutes=WATCH_MINUTES, now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    return _back(request)


@require_POST
def claim(request: HttpRequest) -> HttpResponse:
    try:
        viewer, campaign = _viewer_and_campaign(request)
        attachment = find_attachment(campaign, request.POST.get("reward_id", ""))
        made = claim_reward(viewer=viewer, attachment=attachment, now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _back(request)
    # Developers want the webhook's answer. The claim counts in any case.
    deliveries = deliver([made], now=clock.now())
    verdict = deliveries[0].verdict if deliveries else "has no URL: set one with PUT /local/apps"
    good = all(delivery.status == 200 for delivery in deliveries)
    level = messages.SUCCESS if good else messages.ERROR
    text = f"Claimed: {made.reward.name}. The studio's webhook {verdict}."
    messages.add_message(request, level, text)
    return _back(request)


def _viewer_and_campaign(request: HttpRequest) -> tuple[Viewer, Campaign]:
    viewer = current_viewer(request)
    if viewer is None:
        raise Refused("You're signed out. Sign in and press the button again.")
    return viewer, find_campaign(request.POST.get("campaign_id", ""))


def _back(request: HttpRequest) -> HttpResponse:
    """Return to the campaign of the pressed button."""
    campaign_id = request.POST.get("campaign_id", "")
    anchor = f"#campaign-{campaign_id}" if campaign_id.isalnum() else ""
    return cast("HttpResponse", HttpResponseRedirect(f"/{anchor}"))
