"""What happens in a channel, and the events that Kick sends about it.

Each subscription of each app gets its own delivery: with its own message ID, and signed with the
one key of the platform. Kick never retries.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from platforms.kick.protocol import events as types
from platforms.kick.protocol import signatures

from .faults import current_plan, throw_webhook_fault
from .keys import signing_key
from .models import App, EventDelivery, Subscription, Viewer
from .posting import Answer, post
from .refusals import Refused
from .ulid import new_ulid

MONTH = timedelta(days=30)
# Kick's catalogue of gifts, as far as it was seen: the largest amount, name, type and tier.
GIFTS = (
    (100, "Hell Yeah", "BASIC", "BASIC"),
    (2**31, "Rage Quit", "LEVEL_UP", "MID"),
)
NOT_SENT = Answer(None, "no answer: dropped on purpose, nothing was sent", milliseconds=0)


@dataclass(frozen=True, slots=True)
class Happening:
    """An event before it's sent: its type and body, and the channel it happened in."""

    event: str
    broadcaster: Viewer
    body: dict[str, Any]


def gift_kicks(broadcaster: Viewer, sender: Viewer, *, amount: int, now: datetime) -> Happening:
    if amount < 1:
        raise Refused("A gift has at least 1 KICK. Send a larger amount.")
    name, type_, tier = next(gift[1:] for gift in GIFTS if amount <= gift[0])
    gift = {
        "amount": amount,
        "name": name,
        "type": type_,
        "tier": tier,
        "message": "w",
        "pinned_time_seconds": 0 if type_ == "BASIC" else 600,
    }
    body = {
        "broadcaster": lean(broadcaster),
        "sender": lean(sender),
        "gift": gift,
        "created_at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return Happening(types.KICKS_GIFTED, broadcaster, body)


def subscribe(broadcaster: Viewer, subscriber: Viewer, *, months: int, now: datetime) -> Happening:
    """A new subscription, or a renewal if it's not the first month."""
    if months < 1:
        raise Refused("A subscription has at least 1 month.")
    body = {
        "broadcaster": person(broadcaster),
        "subscriber": person(subscriber),
        "duration": months,
        # Of a renewal: when the viewer first subscribed.
        "created_at": _nanoseconds(now - MONTH * (months - 1)),
        "expires_at": _nanoseconds(now + MONTH),
    }
    is_new = months == 1
    event = types.NEW_SUBSCRIPTION if is_new else types.RENEWED_SUBSCRIPTION
    return Happening(event, broadcaster, body)


def gift_subscriptions(
    broadcaster: Viewer, gifter: Viewer | None, giftees: Sequence[Viewer], *, now: datetime
) -> Happening:
    """`gifter` is None for an anonymous gift."""
    if not giftees:
        raise Refused("A gift has at least one giftee.")
    body = {
        "broadcaster": person(broadcaster),
        "gifter": person(gifter) if gifter else _nobody(),
        "giftees": [person(one) for one in giftees],
        "created_at": _nanoseconds(now),
        "expires_at": _nanoseconds(now + MONTH),
    }
    return Happening(types.GIFTED_SUBSCRIPTIONS, broadcaster, body)


def ban(broadcaster: Viewer, banned: Viewer, *, minutes: int | None, now: datetime) -> Happening:
    """`minutes` is None for a permanent ban."""
    body = {
        "broadcaster": person(broadcaster),
        "moderator": person(broadcaster),
        "banned_user": person(banned),
        "metadata": {
            "reason": "spam",
            "created_at": _nanoseconds(now),
            "expires_at": _nanoseconds(now + timedelta(minutes=minutes)) if minutes else None,
        },
    }
    return Happening(types.BAN, broadcaster, body)


def send(happening: Happening, *, now: datetime) -> list[EventDelivery]:
    """Send an event to all who subscribed to it, and record the responses."""
    subscriptions = Subscription.objects.select_related("app").filter(
        broadcaster=happening.broadcaster, event=happening.event
    )
    return [
        delivery
        for one in subscriptions.exclude(app__events_url="").order_by("pk")
        for delivery in _send_to(one, happening, now=now)
    ]


def _send_to(one: Subscription, happening: Happening, *, now: datetime) -> list[EventDelivery]:
    faults = current_plan().webhook
    fault = throw_webhook_fault(faults)
    if fault == "delay":
        time.sleep(faults.delay_seconds)
    first = _deliver(one, happening, message_id=new_ulid(now=now), fault=fault, now=now)
    if fault == "duplicate":
        again = first.message_id
    elif fault == "twin":
        again = new_ulid(now=now)
    else:
        return [first]
    return [first, _deliver(one, happening, message_id=again, fault=fault, now=now)]


def _deliver(
    one: Subscription, happening: Happening, *, message_id: str, fault: str, now: datetime
) -> EventDelivery:
    body = json.dumps(happening.body, separators=(",", ":")).encode()
    timestamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = signatures.sign(
        signing_key(), message_id=message_id, timestamp=timestamp, body=body
    )
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "Go-http-client/1.1",
        signatures.SIGNATURE_HEADER: signature,
        signatures.MESSAGE_ID_HEADER: message_id,
        signatures.EVENT_TIMESTAMP_HEADER: timestamp,
        signatures.EVENT_TYPE_HEADER: happening.event,
        signatures.EVENT_VERSION_HEADER: types.VERSION,
        signatures.SUBSCRIPTION_ID_HEADER: one.pk,
    }
    app: App = one.app
    answer = NOT_SENT
    if fault != "drop":
        answer = post(app.events_url, headers=headers, body=body, cut=fault == "cut")
    return EventDelivery.objects.create(
        message_id=message_id,
        subscription_id=one.pk,
        app_id=app.pk,
        event=happening.event,
        body=body.decode(),
        timestamp=timestamp,
        signature=signature,
        fault=fault,
        status=answer.status,
        answer=answer.text,
        milliseconds=answer.milliseconds,
        sent_at=now,
    )


def lean(viewer: Viewer) -> dict[str, Any]:
    return {
        "user_id": int(viewer.user_id),
        "username": viewer.name,
        "is_verified": False,
        "profile_picture": "",
        "channel_slug": viewer.name.lower().replace("_", "-"),
    }


def person(viewer: Viewer) -> dict[str, Any]:
    return {"is_anonymous": False, **lean(viewer), "identity": None}


def _nobody() -> dict[str, Any]:
    empty = dict.fromkeys(
        ("user_id", "username", "is_verified", "profile_picture", "channel_slug", "identity")
    )
    return {"is_anonymous": True, **empty}


def _nanoseconds(moment: datetime) -> str:
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z"
