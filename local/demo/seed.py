"""Creates the demo's data: the campaign, its rewards and items, a staff login and an API key.

Existing rows stay unchanged, so the demo can be started repeatedly.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.dateparse import parse_datetime

from claims.api_keys import find_api_key, make_api_key
from claims.mapping import map_rewards
from claims.models import Campaign, CampaignReward, Item, Reward
from local.demo import catalogue
from local.demo.item_pictures import add_picture


@dataclass(frozen=True, slots=True)
class Credentials:
    staff_password: str
    api_key: str


@transaction.atomic
def seed(*, campaign: Mapping[str, Any], known: Credentials, now: datetime) -> Credentials:
    """Create the rows for `campaign` (as the local Kick describes it) and return credentials.

    The credentials in `known`, from an earlier start, are reused if they still work. They may be
    empty.
    """
    _register_campaign(campaign, now=now)
    staff, _ = User.objects.get_or_create(
        username=catalogue.STAFF, defaults={"is_staff": True, "is_superuser": True}
    )
    password, api_key = known.staff_password, known.api_key
    if not password or not staff.check_password(password):
        password = secrets.token_urlsafe(9)
        staff.set_password(password)
        staff.save(update_fields=["password"])
    if not api_key or not find_api_key(api_key, now=now):
        _, api_key = make_api_key(name=catalogue.API_KEY, categories=[], now=now)
    return Credentials(staff_password=password, api_key=api_key)


def _register_campaign(described: Mapping[str, Any], *, now: datetime) -> None:
    campaign, _ = Campaign.objects.get_or_create(
        campaign_id=described["campaign_id"],
        defaults={
            "source": catalogue.SOURCE,
            "name": described["name"],
            "category": described["category"],
            "starts_at": parse_datetime(described["starts_at"]),
            "ends_at": parse_datetime(described["ends_at"]),
            "grace_days": described["grace_days"],
            "created_at": now,
        },
    )
    offers = {offer.sku: offer for offer in catalogue.OFFERS}
    for reward in described["rewards"]:
        if offer := offers.get(reward["external_id"]):
            _register_reward(campaign, reward["reward_id"], offer, now=now)


def _register_reward(
    campaign: Campaign, reward_id: str, offer: catalogue.Offer, *, now: datetime
) -> None:
    item, _ = Item.objects.get_or_create(
        sku=offer.sku, defaults={"name": offer.name, "description": offer.description}
    )
    add_picture(item)
    reward, is_new = Reward.objects.get_or_create(
        reward_id=reward_id,
        defaults={
            "source": catalogue.SOURCE,
            "name": offer.name,
            "external_id": offer.sku,
            "created_at": now,
        },
    )
    if is_new:
        map_rewards({reward.pk: {item: offer.quantity}}, actor=catalogue.STAFF, now=now)
    CampaignReward.objects.get_or_create(
        campaign=campaign,
        reward=reward,
        defaults={"required_minutes": offer.required_minutes},
    )
