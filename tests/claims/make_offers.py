"""Partner channels and offers, for tests."""

from datetime import UTC, datetime
from typing import Any

from claims.models import Channel, Item, Offer
from claims.offers import create_offer

NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)
GIFT = "kick_gifts:gift"


def make_channel(channel_id: str = "kick:1") -> Channel:
    return Channel.objects.get_or_create(pk=channel_id, defaults={"added_at": NOW})[0]


def make_offer(*, channels: tuple[str, ...] = (), **fields: Any) -> Offer:
    make_channel()
    item, _ = Item.objects.get_or_create(sku="ember_cape", defaults={"name": "Ember cape"})
    return create_offer(
        name="500 KICKs",
        offer=Offer(**{"trigger": GIFT, "at_least": 500} | fields),
        channels=[make_channel(one) for one in channels],
        items={item: 1},
        actor="ops",
        now=NOW,
    )
