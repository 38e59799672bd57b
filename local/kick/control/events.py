"""Control calls for what happens in channels."""

from typing import Any

from django.http import HttpRequest

from .. import clock
from ..events import Happening, ban, gift_kicks, gift_subscriptions, send, subscribe
from ..json_fields import Fields, read_fields
from ..models import EventDelivery, Subscription
from ..refusals import Refused
from ..registry import find_viewer
from .endpoint import Answer

KINDS = ("gift_kicks", "subscribe", "gift_subscriptions", "ban")


def post_event(request: HttpRequest) -> Answer:
    """Let something happen in a channel. Without `user_id`, a gift of subscriptions is anonymous.

    `amount` is in KICKs, months, or minutes of a ban. `giftees` are user IDs.
    """
    fields = read_fields(request.body, known="kind channel user_id amount giftees")
    deliveries = send(_happening(fields), now=clock.now())
    return {"deliveries": [describe_delivery(one) for one in deliveries]}


def _happening(fields: Fields) -> Happening:
    kind, now = fields.text("kind"), clock.now()
    broadcaster = find_viewer(fields.integer("channel"))
    if kind not in KINDS:
        raise Refused(f"Unknown kind {kind!r}. Allowed: {', '.join(KINDS)}.")
    if kind == "gift_subscriptions":
        gifter = find_viewer(fields.integer("user_id")) if "user_id" in fields else None
        giftees = fields.values.get("giftees")
        if not isinstance(giftees, list):
            raise Refused("giftees must be a list of user IDs.")
        named = [find_viewer(str(one)) for one in giftees]
        return gift_subscriptions(broadcaster, gifter, named, now=now)
    viewer = find_viewer(fields.integer("user_id"))
    amount = fields.natural("amount", default=1)
    if kind == "ban":
        return ban(broadcaster, viewer, minutes=amount if "amount" in fields else None, now=now)
    if kind == "subscribe":
        return subscribe(broadcaster, viewer, months=amount, now=now)
    return gift_kicks(broadcaster, viewer, amount=amount, now=now)


def get_event_deliveries(_request: HttpRequest) -> Answer:
    rows = EventDelivery.objects.order_by("pk")
    return {"deliveries": [{**describe_delivery(one), "body": one.body} for one in rows]}


def get_subscriptions(_request: HttpRequest) -> Answer:
    rows = Subscription.objects.order_by("pk")
    return {
        "subscriptions": [
            {
                "id": one.pk,
                "client_id": one.app_id,
                "channel": int(one.broadcaster_id),
                "event": one.event,
            }
            for one in rows
        ]
    }


def delete_subscriptions(_request: HttpRequest) -> Answer:
    """End all subscriptions without a word, as Kick does after a day of failed deliveries."""
    count, _ = Subscription.objects.all().delete()
    return {"ended": count}


def describe_delivery(one: EventDelivery) -> dict[str, Any]:
    return {
        "message_id": one.message_id,
        "subscription_id": one.subscription_id,
        "client_id": one.app_id,
        "event": one.event,
        "timestamp": one.timestamp,
        "signature": one.signature,
        "fault": one.fault,
        "status": one.status,
        "answer": one.answer,
        "ms": one.milliseconds,
    }
