"""Campaigns that a player can take part in, as the player's page shows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from claims.models import Campaign
from claims.pictures import picture_digests

SHOWN_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class OfferedReward:
    """`minutes` to watch, None if unknown. `picture` is the digest of its first item's picture."""

    name: str
    minutes: int | None
    picture: str


@dataclass(frozen=True, slots=True)
class OfferedCampaign:
    """`watch_url` is "" if we know no place to watch. `has_started`: else it is only announced."""

    name: str
    starts_at: datetime
    ends_at: datetime
    has_started: bool
    channels: list[str]
    watch_url: str
    rewards: list[OfferedReward]


def list_offered_campaigns(*, now: datetime) -> list[OfferedCampaign]:
    """Running and announced campaigns, the one that ends next first, in six queries.

    Without test campaigns, and without those whose name, dates or rewards we don't know.
    """
    known = Campaign.objects.filter(is_test=False, pause=None).exclude(name="")
    known = known.filter(starts_at__isnull=False, ends_at__gt=now).order_by("ends_at")
    rows = known.prefetch_related("pairs__reward__mapping__item")[: 10 * SHOWN_AT_MOST]
    announced = [one for one in rows if _is_announced(one, now)][:SHOWN_AT_MOST]
    pairs = [pair for one in announced for pair in one.pairs.all()]
    skus = {one.item.sku for pair in pairs for one in pair.reward.mapping.all()}
    digests = picture_digests(skus)
    offered = [_offer(one, digests, now) for one in announced]
    return [one for one in offered if one.rewards]


def _is_announced(campaign: Campaign, now: datetime) -> bool:
    starts_at = campaign.starts_at or now
    return now >= starts_at - timedelta(days=campaign.announcement_days)


def _offer(campaign: Campaign, digests: dict[str, str], now: datetime) -> OfferedCampaign:
    rewards = []
    for pair in campaign.pairs.all():
        skus = [one.item.sku for one in pair.reward.mapping.all()]
        if skus and pair.reward.name:
            picture = next((digests[sku] for sku in skus if sku in digests), "")
            rewards.append(OfferedReward(pair.reward.name, pair.required_minutes, picture))
    rewards.sort(key=lambda one: (one.minutes is None, one.minutes or 0, one.name))
    starts_at, ends_at = campaign.starts_at or now, campaign.ends_at or now
    return OfferedCampaign(
        name=campaign.name,
        starts_at=starts_at,
        ends_at=ends_at,
        has_started=starts_at <= now,
        channels=list(campaign.channels),
        watch_url=campaign.info_url,
        rewards=rewards,
    )
