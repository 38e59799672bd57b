"""Rewards and campaigns, as an organization's owner creates them on Kick's dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from .models import Campaign, CampaignReward, Organization, Reward
from .refusals import Missing, Refused
from .registry import find_or_make_organization
from .ulid import new_ulid

MAX_REWARDS = 12
Known = TypeVar("Known", Campaign, Reward)


@dataclass(frozen=True, kw_only=True, slots=True)
class RewardPlan:
    name: str
    required_minutes: int
    reward_id: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignPlan:
    """A list in `rewards` replaces the campaign's rewards. None keeps them."""

    name: str
    category: str
    starts_at: datetime
    ends_at: datetime
    info_url: str = ""
    grace_days: int = 7
    announcement_days: int = 0
    channels: Sequence[str] = ()
    test_mode: bool = False
    rewards: Sequence[RewardPlan] | None = None


@transaction.atomic
def save_campaign(
    *, organization: str, plan: CampaignPlan, campaign_id: str | None, now: datetime
) -> Campaign:
    """Create a campaign, or update the organization's campaign with that id (or that name)."""
    if plan.ends_at <= plan.starts_at:
        raise Refused("The campaign ends before it starts. Send a later ends_at.")
    if plan.rewards is not None and len(plan.rewards) > MAX_REWARDS:
        raise Refused(f"{len(plan.rewards)} rewards are too many. Kick allows {MAX_REWARDS}.")
    if any(reward.required_minutes < 1 for reward in plan.rewards or ()):
        raise Refused("required_minutes is less than 1. Send at least 1.")
    owner = find_or_make_organization(organization)
    campaign = _find_known(Campaign, owner, key=campaign_id, name=plan.name)
    if campaign is None:
        campaign = Campaign(campaign_id=campaign_id or new_ulid(now=now), organization=owner)
    campaign.name = plan.name
    campaign.category = plan.category
    campaign.info_url = plan.info_url
    campaign.starts_at = plan.starts_at
    campaign.ends_at = plan.ends_at
    campaign.grace_days = plan.grace_days
    campaign.announcement_days = plan.announcement_days
    campaign.channels = list(plan.channels)
    campaign.test_mode = plan.test_mode
    campaign.save()
    if plan.rewards is not None:
        _replace_rewards(campaign, plan.rewards, now=now)
    return campaign


def _replace_rewards(campaign: Campaign, plans: Sequence[RewardPlan], *, now: datetime) -> None:
    rewards = [
        save_reward(
            owner=campaign.organization,
            name=plan.name,
            category=campaign.category,
            external_id=plan.external_id,
            reward_id=plan.reward_id,
            now=now,
        )
        for plan in plans
    ]
    if len({reward.pk for reward in rewards}) < len(rewards):
        raise Refused("The campaign contains a reward twice. Send each reward once.")
    campaign.attachments.all().delete()
    CampaignReward.objects.bulk_create(
        CampaignReward(campaign=campaign, reward=reward, required_minutes=plan.required_minutes)
        for reward, plan in zip(rewards, plans, strict=True)
    )


@transaction.atomic
def save_reward(
    *,
    owner: Organization,
    name: str,
    category: str,
    external_id: str | None,
    now: datetime,
    reward_id: str | None = None,
) -> Reward:
    """Create a reward, or update the organization's reward with that id (or that name).

    `external_id` None keeps the current value. Existing claims keep theirs.
    """
    reward = _find_known(Reward, owner, key=reward_id, name=name)
    if reward is None:
        reward = Reward(reward_id=reward_id or new_ulid(now=now), organization=owner)
    reward.name = name
    reward.category = category
    if external_id is not None:
        reward.external_id = external_id
    reward.save()
    return reward


def _find_known(
    model: type[Known], owner: Organization, *, key: str | None, name: str
) -> Known | None:
    """Return the existing row with that key or name. Raises Refused if it isn't `owner`'s."""
    if not key:
        return model.objects.filter(organization=owner, name=name).first()
    found = model.objects.filter(pk=key).first()
    if found and found.organization_id != owner.pk:
        raise Refused(f"{model.__name__} {key} belongs to another organization. Omit the id.")
    return found


def find_campaign(campaign_id: str) -> Campaign:
    found = Campaign.objects.select_related("organization").filter(campaign_id=campaign_id)
    campaign = found.first()
    if campaign is None:
        raise Missing(f"Campaign {campaign_id!r} not found. Create it with PUT /local/campaigns.")
    return campaign


def find_attachment(campaign: Campaign, reward_id: str) -> CampaignReward:
    found = campaign.attachments.select_related("reward").filter(reward_id=reward_id).first()
    if found is None:
        raise Missing(
            f"Reward {reward_id!r} isn't in campaign {campaign.campaign_id}. "
            "Add it with PUT /local/campaigns."
        )
    return found
