"""Creates the demo's data: campaign, rewards, items, a staff login, an API key and an endpoint.

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

from accounts.models import account_key
from claims.api_keys import find_api_key, make_api_key
from claims.mapping import map_rewards
from claims.models import Campaign, CampaignReward, Channel, Item, Offer, Reward, WebhookEndpoint
from claims.offers import create_offer
from claims.webhooks.endpoints import add_endpoint, secrets_of
from local.demo import catalogue
from local.demo.item_pictures import add_picture


@dataclass(frozen=True, slots=True)
class Credentials:
    staff_password: str
    api_key: str
    webhook_secret: str


@transaction.atomic
def seed(
    *,
    campaign: Mapping[str, Any],
    streamer_id: int,
    known: Credentials,
    endpoint_url: str,
    now: datetime,
) -> Credentials:
    """Create the rows for `campaign` (as the local Kick describes it) and return credentials.

    The credentials in `known`, from an earlier start, are reused if they still work. They may be
    empty.
    """
    _register_campaign(campaign, now=now)
    _register_offers(streamer_id, now=now)
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
    return Credentials(
        staff_password=password,
        api_key=api_key,
        webhook_secret=_add_endpoint(endpoint_url, known.webhook_secret, now=now),
    )


def _add_endpoint(url: str, known_secret: str, *, now: datetime) -> str:
    """The game server's endpoint. Returns its secret. Its port may be another in each start."""
    endpoint = WebhookEndpoint.objects.filter(name=catalogue.ENDPOINT).first()
    if endpoint is None:
        return add_endpoint(name=catalogue.ENDPOINT, url=url, now=now).secret
    if endpoint.url != url:
        endpoint.url = url
        endpoint.save(update_fields=["url"])
    secrets_now = secrets_of(endpoint, now=now)
    return known_secret if known_secret in secrets_now else secrets_now[0]


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


def _register_offers(streamer_id: int, *, now: datetime) -> None:
    """A partner channel, and offers for its viewers. The golden axe is for each viewer once."""
    channel, _ = Channel.objects.get_or_create(
        channel_id=account_key("kick", str(streamer_id)),
        defaults={"name": catalogue.STREAMER, "added_at": now},
    )
    gift = Offer(trigger=catalogue.GIFT_TRIGGER, at_least=catalogue.GIFT_AT_LEAST)
    points = Offer(
        trigger=catalogue.POINTS_TRIGGER,
        cost=catalogue.POINTS_COST,
        color="#c8860a",
        limit_per_player=1,
    )
    for name, offer, sku, item_name in (
        (catalogue.GIFT_OFFER, gift, catalogue.GIFT_SKU, catalogue.GIFT_ITEM),
        (catalogue.POINTS_OFFER, points, catalogue.POINTS_SKU, catalogue.POINTS_ITEM),
    ):
        if Offer.objects.filter(reward__name=name).exists():
            continue
        item, _ = Item.objects.get_or_create(sku=sku, defaults={"name": item_name})
        add_picture(item)
        create_offer(
            name=name,
            offer=offer,
            channels=[channel],
            items={item: 1},
            actor=catalogue.STAFF,
            now=now,
        )


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
