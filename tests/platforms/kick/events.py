"""The bodies of Kick's ten events, as in its docs, and their delivery."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from platforms.kick.protocol.signatures import sign
from tests.signing import SigningKick

PATH = "/webhooks/kick/events"


def lean(user_id: int) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "username": f"user_{user_id}",
        "is_verified": False,
        "profile_picture": "https://files.kick.example/p.webp",
        "channel_slug": f"user-{user_id}",
    }


def person(user_id: int, identity: Any = None) -> dict[str, Any]:
    return {"is_anonymous": False, **lean(user_id), "identity": identity}


ANONYMOUS = {**dict.fromkeys([*lean(1), "identity"]), "is_anonymous": True}
CATEGORY = {"id": 123, "name": "Skyfall", "thumbnail": "https://files.kick.example/c.webp"}
BADGE = {"text": "Subscriber", "type": "subscriber", "count": 3}


def kicks_gifted(
    *, sender: int = 2, amount: int = 500, created_at: str = "", channel: int = 1
) -> dict[str, Any]:
    gift = {
        "amount": amount,
        "name": "Rage Quit",
        "type": "LEVEL_UP",
        "tier": "MID",
        "message": "w",
        "pinned_time_seconds": 600,
    }
    at = created_at or timezone.now().isoformat(timespec="milliseconds")
    return {
        "broadcaster": lean(channel),
        "sender": lean(sender),
        "gift": gift,
        "created_at": at,
    }


def gifted_subscriptions(
    *, gifter: int | None = 2, giftees: tuple[int, ...] = (3, 4), created_at: str = ""
) -> dict[str, Any]:
    at = created_at or timezone.now().isoformat()
    return {
        "broadcaster": person(1),
        "gifter": ANONYMOUS if gifter is None else person(gifter),
        "giftees": [person(one) for one in giftees],
        "created_at": at,
        "expires_at": at,
    }


BODIES: Mapping[str, dict[str, Any]] = {
    "chat.message.sent": {
        "message_id": "3f6c2a52-8a5a-4d7e-9f5e-111111111111",
        "replies_to": None,
        "broadcaster": person(1),
        "sender": person(2, {"username_color": "#FF5733", "badges": [BADGE]}),
        "content": "gg [emote:37226:KEKW]",
        "emotes": [{"emote_id": "37226", "positions": [{"s": 3, "e": 20}]}],
        "created_at": "2026-06-01T18:00:00Z",
    },
    "channel.followed": {"broadcaster": person(1), "follower": person(2)},
    "channel.subscription.new": {
        "broadcaster": person(1),
        "subscriber": person(2),
        "duration": 1,
        "created_at": "2026-06-01T18:00:00.123456Z",
        "expires_at": "2026-07-01T18:00:00.123456789Z",
    },
    "channel.subscription.renewal": {
        "broadcaster": person(1),
        "subscriber": person(2),
        "duration": 3,
        "created_at": "2026-04-01T18:00:00Z",
        "expires_at": "2026-07-01T18:00:00Z",
    },
    "channel.subscription.gifts": {
        "broadcaster": person(1),
        "gifter": person(2),
        "giftees": [person(3), person(4)],
        "created_at": "2026-06-01T18:00:00Z",
        "expires_at": "2026-07-01T18:00:00Z",
    },
    "channel.reward.redemption.updated": {
        "id": "01KBHE78QE4HZY1617DK5FC7YD",
        "user_input": "",
        "status": "pending",
        "redeemed_at": "2026-06-01T18:00:00.323Z",
        "reward": {
            "id": "01KBHE7RZNHB0SKDV1H86CD4F3",
            "title": "Golden Axe",
            "cost": 1000,
            "description": "An axe",
        },
        "redeemer": lean(2),
        "broadcaster": lean(1),
    },
    "livestream.status.updated": {
        "broadcaster": person(1),
        "is_live": False,
        "title": "Skyfall",
        "started_at": "2026-06-02T04:00:00+11:00",
        "ended_at": "2026-06-01T21:00:00Z",
    },
    "livestream.metadata.updated": {
        "broadcaster": person(1),
        "metadata": {
            "title": "Skyfall",
            "language": "en",
            "has_mature_content": False,
            "category": CATEGORY,
            "Category": CATEGORY,
        },
    },
    "moderation.banned": {
        "broadcaster": person(1),
        "moderator": person(5),
        "banned_user": person(2),
        "metadata": {"reason": "spam", "created_at": "2026-06-01T18:00:00Z", "expires_at": None},
    },
    "kicks.gifted": kicks_gifted(created_at="2026-06-01T18:00:08.634Z"),
}


def deliver_event(
    kick: SigningKick,
    event: str,
    body: Any,
    *,
    subscription_id: str = "01SUBSCRIPTION",
    message_id: str = "01K0MESSAGE",
    sent_at: datetime | None = None,
    version: str = "1",
    path: str = PATH,
) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    timestamp = (sent_at or timezone.now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    headers = {
        "Kick-Event-Signature": sign(
            kick.key, message_id=message_id, timestamp=timestamp, body=raw
        ),
        "Kick-Event-Message-Id": message_id,
        "Kick-Event-Message-Timestamp": timestamp,
        "Kick-Event-Subscription-Id": subscription_id,
        "Kick-Event-Type": event,
        "Kick-Event-Version": version,
    }
    return Client().post(path, raw, content_type="application/json", headers=headers)
