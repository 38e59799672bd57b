"""The sample catalogue."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from claims.mapping import map_rewards
from claims.models import Campaign, CampaignReward, Item, Reward
from local.demo.catalogue import SOURCE
from local.demo.item_pictures import add_picture

DAYS = 21
OFFERS = (
    ("Ember cape", "cape-ember", 1),
    ("Chest of stardust", "stardust", 500),
    ("Nova blade", "blade-nova", 1),
    ("Lyra's lantern", "lantern-lyra", 1),
    ("Orbit emote", "emote-orbit", 1),
    ("Founder's banner", "banner-founder", 1),
)


@dataclass(frozen=True, slots=True)
class Offer:
    campaign_id: str
    reward_id: str
    sku: str
    quantity: int


@transaction.atomic
def make_catalogue(now: datetime) -> list[Offer]:
    for name, sku, _ in OFFERS:
        item, _ = Item.objects.get_or_create(sku=sku, defaults={"name": name})
        add_picture(item)
    spans = (("Founders' Week", 21, 14), ("Nova Cup", 9, -5), ("Rehearsal", 30, 22))
    offers: list[Offer] = []
    for number, (name, began, ended) in enumerate(spans):
        campaign, _ = Campaign.objects.get_or_create(
            campaign_id=f"01DEMOCAMPAIGN{number:012}",
            defaults={
                "source": SOURCE,
                "name": name,
                "category": "Starfall Online",
                "starts_at": now - timedelta(days=began),
                "ends_at": now - timedelta(days=ended),
                "announcement_days": 3,
                "grace_days": 4,
                "channels": ["nova_live", "vega_watches"] if number else [],
                "is_test": name == "Rehearsal",
                "created_at": now - timedelta(days=began + 7),
            },
        )
        offers += _make_rewards(campaign, now)
    return offers


def _make_rewards(campaign: Campaign, now: datetime) -> Iterator[Offer]:
    """The first six rewards map to an item each. The last reward has no name and no mapping."""
    for number, (name, sku, quantity) in enumerate((*OFFERS, ("", "", 0))):
        reward, is_new = Reward.objects.get_or_create(
            reward_id=f"01DEMOREWARD{number:014}",
            defaults={
                "source": SOURCE,
                "name": name,
                "external_id": sku,
                "created_at": now - timedelta(days=DAYS),
            },
        )
        if is_new and sku:
            item = Item.objects.get(sku=sku)
            map_rewards({reward.pk: {item: quantity}}, actor="demo", now=now)
        CampaignReward.objects.get_or_create(
            campaign=campaign, reward=reward, defaults={"required_minutes": 30 * (number + 1)}
        )
        yield Offer(campaign.pk, reward.pk, sku, quantity)
