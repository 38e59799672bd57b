"""Watching streams and claiming rewards."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from .models import Campaign, CampaignReward, Claim, Viewer, WatchTime
from .refusals import Conflict, Refused
from .ulid import new_ulid


@transaction.atomic
def watch(*, viewer: Viewer, campaign: Campaign, minutes: int, now: datetime) -> WatchTime:
    """Add to a viewer's watch time for a campaign. A repeat adds again."""
    if minutes < 1:
        raise Refused(f"{minutes} minutes isn't a valid watch time. Send at least 1.")
    if not campaign.is_running(now=now):
        raise Refused("The campaign isn't running now. Watching counts from its start to its end.")
    if campaign.test_mode and not is_member(viewer, campaign):
        raise Refused(
            "The campaign is in test mode: only members of the organization can take part."
        )
    watched, _ = WatchTime.objects.get_or_create(viewer=viewer, campaign=campaign)
    watched.minutes += minutes
    watched.save(update_fields=["minutes"])
    return watched


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts that decide whether a viewer may claim a campaign's rewards."""

    campaign: Campaign
    member: bool
    linked: bool
    minutes: int

    def obstacle(self, attachment: CampaignReward, *, now: datetime) -> str:
        """Why the viewer can't claim this reward now, as a sentence for them, or ""."""
        if self.campaign.test_mode and not self.member:
            return "This campaign is in test mode: only members of the organization can claim."
        if now < self.campaign.starts_at:
            return "The campaign hasn't started yet."
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
    """Whether the viewer has authorised an app of the organization, as Kick defines “linked”."""
    live = viewer.grants.filter(revoked_at=None)
    return live.filter(app__organization=campaign.organization_id).exists()


def is_member(viewer: Viewer, campaign: Campaign) -> bool:
    return viewer.organizations.filter(pk=campaign.organization_id).exists()


@transaction.atomic
def claim_reward(
    *,
    viewer: Viewer,
    attachment: CampaignReward,
    now: datetime,
    force: bool = False,
    claim_id: str | None = None,
) -> Claim:
    """Claim a reward. `force` skips all checks except for a repeated claim.

    Raises Refused with the reason, or Conflict if the viewer has claimed this reward already.
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
        raise Conflict(f"Already claimed as {claim.claim_id}. Each reward can be claimed once.")
    return claim
