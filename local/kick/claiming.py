"""Watching, and claiming what was earned by it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from .models import Campaign, CampaignReward, Claim, Viewer, WatchTime
from .refusals import Conflict, Refused
from .ulid import new_ulid


@transaction.atomic
def watch(*, viewer: Viewer, campaign: Campaign, minutes: int, now: datetime) -> WatchTime:
    """Add to the time that a viewer watched the campaign's streams; a repeat adds again."""
    if minutes < 1:
        raise Refused(f"{minutes} minutes are no watch time: give at least 1.")
    if not campaign.is_running(now=now):
        raise Refused("The campaign is not running now: watching counts from its start to its end.")
    if obstacle := _membership_obstacle(viewer, campaign):
        raise Refused(obstacle)
    watched, _ = WatchTime.objects.get_or_create(viewer=viewer, campaign=campaign)
    watched.minutes += minutes
    watched.save(update_fields=["minutes"])
    return watched


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a viewer may claim a campaign's rewards."""

    campaign: Campaign
    member: bool
    linked: bool
    minutes: int

    def obstacle(self, attachment: CampaignReward, *, now: datetime) -> str:
        """Why this reward cannot be claimed now, as a sentence for the viewer; empty if it can."""
        if self.campaign.test_mode and not self.member:
            return "This campaign is in test mode: only members of the organization can claim."
        if now < self.campaign.starts_at:
            return "The campaign has not started yet."
        if not self.campaign.is_claimable(now=now):
            return "The time to claim is over."
        missing = attachment.required_minutes - self.minutes
        if missing > 0:
            return f"Watch {missing} more min to earn this reward."
        return "" if self.linked else "Connect your game account to claim."


def standing_of(viewer: Viewer, campaign: Campaign) -> Standing:
    watched = WatchTime.objects.filter(viewer=viewer, campaign=campaign)
    return Standing(
        campaign=campaign,
        member=is_member(viewer, campaign),
        linked=is_linked(viewer, campaign),
        minutes=watched.values_list("minutes", flat=True).first() or 0,
    )


def is_linked(viewer: Viewer, campaign: Campaign) -> bool:
    """Linked, to Kick: the viewer has authorised an app of the campaign's organization."""
    live = viewer.grants.filter(revoked_at=None)
    return live.filter(app__organization=campaign.organization_id).exists()


def is_member(viewer: Viewer, campaign: Campaign) -> bool:
    return viewer.organizations.filter(pk=campaign.organization_id).exists()


def _membership_obstacle(viewer: Viewer, campaign: Campaign) -> str:
    if campaign.test_mode and not is_member(viewer, campaign):
        return "The campaign is in test mode: only members of the organization can take part."
    return ""


@transaction.atomic
def claim_reward(
    *,
    viewer: Viewer,
    attachment: CampaignReward,
    now: datetime,
    force: bool = False,
    claim_id: str | None = None,
) -> Claim:
    """Claim a reward; `force` skips every check but that it was not claimed before.

    Raises Refused with what is in the way, Conflict when the viewer has this reward already.
    """
    obstacle = standing_of(viewer, attachment.campaign).obstacle(attachment, now=now)
    if obstacle and not force:
        raise Refused(obstacle)
    claim, made = Claim.objects.get_or_create(
        user=viewer,
        campaign=attachment.campaign,
        reward=attachment.reward,
        defaults={
            "claim_id": claim_id or new_ulid(now=now),
            "organization": attachment.campaign.organization,
            "external_id": attachment.reward.external_id,
            "created_at": now,
            "updated_at": now,
        },
    )
    if not made:
        raise Conflict(f"Already claimed as {claim.claim_id}: a reward is claimed once a campaign.")
    return claim
