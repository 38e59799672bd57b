"""Registers campaigns and rewards found through the claims API.

The API shows only our own organization's claims, so each pair of campaign and reward in it is ours.
Staff add names and categories later.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from claims.mapping import map_rewards
from claims.models import Campaign, CampaignReward, Item, Reward
from claims.source import Award

T = TypeVar("T")
# The bulk jobs of automatic mappings run in this name.
ACTOR = "reconcile"


def discover(*, awards: Iterable[Award], source: str, now: datetime) -> int:
    """Register the campaigns and rewards of a source's awards, all of which are ours.

    A reward that has never been mapped is mapped to the item whose SKU equals its `external_id`,
    with quantity 1, if the catalogue has that item. Returns the number of new pairs of campaign and
    reward. On a repeat: 0.
    """
    award_by_pair = {(award.campaign_id, award.reward_id): award for award in awards}
    campaign_ids = {campaign_id for campaign_id, _ in award_by_pair if campaign_id}
    known = CampaignReward.objects.filter(campaign_id__in=campaign_ids)
    registered = set(known.values_list("campaign_id", "reward_id"))
    if without_campaign := [
        reward_id for campaign_id, reward_id in award_by_pair if not campaign_id
    ]:
        rewards = Reward.objects.filter(pk__in=without_campaign)
        registered |= {("", reward_id) for reward_id in rewards.values_list("pk", flat=True)}
    new = [award for pair, award in award_by_pair.items() if pair not in registered]
    if new:
        _register(new, source=source, now=now)
    return len(new)


@transaction.atomic
def _register(awards: list[Award], *, source: str, now: datetime) -> None:
    of_campaigns = [award for award in awards if award.campaign_id]
    campaigns = {
        a.campaign_id: Campaign(a.campaign_id, source=source, created_at=now) for a in of_campaigns
    }
    rewards = {
        a.reward_id: Reward(a.reward_id, source=source, external_id=a.external_id, created_at=now)
        for a in awards
    }
    pairs = [CampaignReward(campaign_id=a.campaign_id, reward_id=a.reward_id) for a in of_campaigns]
    Campaign.objects.bulk_create(_in_key_order(campaigns), ignore_conflicts=True)
    Reward.objects.bulk_create(_in_key_order(rewards), ignore_conflicts=True)
    external_ids = {a.reward_id: a.external_id for a in awards}
    items = {item.sku: item for item in Item.objects.filter(sku__in=external_ids.values())}
    mappings = {pk: {items[sku]: 1} for pk, sku in external_ids.items() if sku in items}
    map_rewards(mappings, actor=ACTOR, now=now, is_automatic=True)
    CampaignReward.objects.bulk_create(pairs, ignore_conflicts=True)


def _in_key_order(rows: dict[str, T]) -> list[T]:
    return [rows[key] for key in sorted(rows)]
