"""Registers campaigns and rewards found through the claims API.

The API shows only our own organization's claims, so each pair of campaign and reward in it is ours.
Staff add names and categories later.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from claims.models import Campaign, CampaignReward, Item, Reward, RewardItem
from platforms.kick.protocol.payloads import ClaimPayload

T = TypeVar("T")


def discover(*, payloads: Iterable[ClaimPayload], now: datetime) -> int:
    """Register each new pair of campaign and reward.

    A reward that has never been mapped is mapped to the item whose SKU equals its `external_id`,
    with quantity 1, if the catalogue has that item. Returns the number of new pairs. On a repeat:
    0.
    """
    payload_by_pair = {(payload.campaign_id, payload.reward_id): payload for payload in payloads}
    for pair in _registered(payload_by_pair):
        del payload_by_pair[pair]
    if payload_by_pair:
        _register(list(payload_by_pair.values()), now=now)
    return len(payload_by_pair)


def _registered(pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    campaign_ids = {campaign_id for campaign_id, _ in pairs}
    known = CampaignReward.objects.filter(campaign_id__in=campaign_ids)
    return set(known.values_list("campaign_id", "reward_id")).intersection(pairs)


@transaction.atomic
def _register(payloads: list[ClaimPayload], *, now: datetime) -> None:
    campaigns = {p.campaign_id: Campaign(p.campaign_id, created_at=now) for p in payloads}
    rewards = {
        p.reward_id: Reward(p.reward_id, external_id=p.external_id, created_at=now)
        for p in payloads
    }
    pairs = [CampaignReward(campaign_id=p.campaign_id, reward_id=p.reward_id) for p in payloads]
    Campaign.objects.bulk_create(_in_key_order(campaigns), ignore_conflicts=True)
    Reward.objects.bulk_create(_in_key_order(rewards), ignore_conflicts=True)
    _map_by_external_id({p.reward_id: p.external_id for p in payloads}, now=now)
    CampaignReward.objects.bulk_create(pairs, ignore_conflicts=True)


def _in_key_order(rows: dict[str, T]) -> list[T]:
    return [rows[key] for key in sorted(rows)]


def _map_by_external_id(external_ids: dict[str, str], *, now: datetime) -> None:
    items = {item.sku: item for item in Item.objects.filter(sku__in=external_ids.values())}
    never_mapped = (
        Reward.objects.select_for_update(of=("self",))
        .order_by("reward_id")
        .filter(
            reward_id__in=[key for key, sku in external_ids.items() if sku in items],
            first_mapped_at=None,
            mapping=None,
        )
    )
    mapping = [
        RewardItem(reward=reward, item=items[external_ids[reward.reward_id]], quantity=1)
        for reward in never_mapped
    ]
    RewardItem.objects.bulk_create(mapping)
    Reward.objects.filter(pk__in=[row.reward_id for row in mapping]).update(first_mapped_at=now)
