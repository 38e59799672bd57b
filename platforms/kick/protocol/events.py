"""Parsing of Kick's event webhooks: all ten types of version 1.

Source: https://docs.kick.com/events/event-types. Its samples have comments and trailing commas, so
the shapes are also taken from recorded deliveries:

- An anonymous person has null in each field, sometimes with `is_anonymous` false. Only the ID
  counts.
- Times have 0, 3, 6 or 9 fractional digits, and any offset.
- Metadata has the category twice, as `category` and `Category`.
- Unknown fields are ignored. The type is a header that Kick doesn't sign, so each type is only
  accepted with the keys of its body. New and renewed subscriptions have the same keys.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from platforms.kick.protocol.payloads import PayloadError, decode_body, read_user_id
from platforms.kick.protocol.signatures import parse_timestamp
from platforms.kick.protocol.ulids import read_ulid_time

VERSION = "1"
CHAT = "chat.message.sent"
FOLLOW = "channel.followed"
NEW_SUBSCRIPTION = "channel.subscription.new"
RENEWED_SUBSCRIPTION = "channel.subscription.renewal"
GIFTED_SUBSCRIPTIONS = "channel.subscription.gifts"
REDEMPTION = "channel.reward.redemption.updated"
STREAM_STATUS = "livestream.status.updated"
STREAM_METADATA = "livestream.metadata.updated"
BAN = "moderation.banned"
KICKS_GIFTED = "kicks.gifted"

# Kick gives at most 25 in one event (observed). A limit, so that one event can't make a huge batch.
MAX_GIFTEES = 1000
REDEMPTION_STATUSES = ("pending", "accepted", "rejected")


class UnknownEvent(Exception):
    """A type or version that Kick's docs didn't have when this was written."""


@dataclass(frozen=True, slots=True)
class Person:
    """A Kick user in an event. `user_id` is canonical decimal text; "" if anonymous."""

    user_id: str
    username: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What all events have."""

    broadcaster: Person


@dataclass(frozen=True, slots=True)
class ChatMessage(Event):
    message_id: str
    sender: Person


@dataclass(frozen=True, slots=True)
class Follow(Event):
    follower: Person


@dataclass(frozen=True, slots=True)
class Subscription(Event):
    """A new or renewed subscription. `months` is 1 for a new one.

    `expires_at` tells one period from the next. A renewal's `created_at` is when the viewer first
    subscribed.
    """

    subscriber: Person
    months: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class GiftedSubscriptions(Event):
    gifter: Person
    giftees: tuple[Person, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Redemption(Event):
    """`redeemed_at` isn't the time of a later change of `status`."""

    redemption_id: str
    reward_id: str
    redeemer: Person
    status: str
    redeemed_at: datetime


@dataclass(frozen=True, slots=True)
class StreamStatus(Event):
    is_live: bool
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class StreamMetadata(Event):
    category_id: str
    category_name: str


@dataclass(frozen=True, slots=True)
class Ban(Event):
    """`expires_at` is None for a permanent ban. Kick sends nothing when a ban is lifted."""

    banned_user: Person
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class KicksGift(Event):
    """`name`, `type` and `tier` are Kick's texts, such as "Rage Quit", "LEVEL_UP" and "MID"."""

    sender: Person
    amount: int
    name: str
    type: str
    tier: str
    created_at: datetime


def parse_event(body: bytes, *, event_type: str, version: str) -> Event:
    """Return the event in a webhook's body.

    Raises UnknownEvent for an unknown type or version, PayloadError for a body that isn't of this
    type.
    """
    read = _READERS.get(event_type)
    if read is None or version != VERSION:
        raise UnknownEvent(f"{event_type!a:.80} in version {version!a:.20}")
    fields = decode_body(body)
    if not isinstance(fields, dict):
        raise PayloadError("The event isn't a JSON object.")
    return read(fields)


def _read_chat(fields: dict[str, Any]) -> ChatMessage:
    return ChatMessage(
        broadcaster=_person(fields, "broadcaster"),
        message_id=_text(fields, "message_id"),
        sender=_person(fields, "sender"),
    )


def _read_follow(fields: dict[str, Any]) -> Follow:
    return Follow(broadcaster=_person(fields, "broadcaster"), follower=_person(fields, "follower"))


def _read_subscription(fields: dict[str, Any]) -> Subscription:
    return Subscription(
        broadcaster=_person(fields, "broadcaster"),
        subscriber=_person(fields, "subscriber"),
        months=_count(fields, "duration"),
        created_at=_time(fields, "created_at"),
        expires_at=_time(fields, "expires_at"),
    )


def _read_gifted_subscriptions(fields: dict[str, Any]) -> GiftedSubscriptions:
    giftees = fields.get("giftees")
    if not isinstance(giftees, list) or not 0 < len(giftees) <= MAX_GIFTEES:
        raise PayloadError(f"giftees isn't a list of 1 to {MAX_GIFTEES}.")
    return GiftedSubscriptions(
        broadcaster=_person(fields, "broadcaster"),
        gifter=_person(fields, "gifter", may_be_anonymous=True),
        giftees=tuple(_person({"giftee": one}, "giftee", may_be_anonymous=True) for one in giftees),
        created_at=_time(fields, "created_at"),
    )


def _read_redemption(fields: dict[str, Any]) -> Redemption:
    status = fields.get("status")
    if status not in REDEMPTION_STATUSES:
        raise PayloadError(f"status isn't one of {', '.join(REDEMPTION_STATUSES)}.")
    redemption_id = _text(fields, "id")
    if read_ulid_time(redemption_id) is None:
        raise PayloadError("id isn't a ULID.")
    return Redemption(
        broadcaster=_person(fields, "broadcaster"),
        redemption_id=redemption_id,
        reward_id=_text(_object(fields, "reward"), "id"),
        redeemer=_person(fields, "redeemer"),
        status=status,
        redeemed_at=_time(fields, "redeemed_at"),
    )


def _read_stream_status(fields: dict[str, Any]) -> StreamStatus:
    is_live = fields.get("is_live")
    if not isinstance(is_live, bool):
        raise PayloadError("is_live isn't true or false.")
    return StreamStatus(
        broadcaster=_person(fields, "broadcaster"),
        is_live=is_live,
        started_at=_time(fields, "started_at"),
        ended_at=_time_or_none(fields, "ended_at"),
    )


def _read_stream_metadata(fields: dict[str, Any]) -> StreamMetadata:
    metadata = _object(fields, "metadata")
    category = _object(metadata, "category" if "category" in metadata else "Category")
    category_id = category.get("id")
    if type(category_id) is not int:
        raise PayloadError("The category's id isn't a whole number.")
    return StreamMetadata(
        broadcaster=_person(fields, "broadcaster"),
        category_id=str(category_id),
        category_name=_printable(category.get("name")),
    )


def _read_ban(fields: dict[str, Any]) -> Ban:
    metadata = _object(fields, "metadata")
    return Ban(
        broadcaster=_person(fields, "broadcaster"),
        banned_user=_person(fields, "banned_user"),
        created_at=_time(metadata, "created_at"),
        expires_at=_time_or_none(metadata, "expires_at"),
    )


def _read_kicks_gift(fields: dict[str, Any]) -> KicksGift:
    gift = _object(fields, "gift")
    return KicksGift(
        broadcaster=_person(fields, "broadcaster"),
        sender=_person(fields, "sender", may_be_anonymous=True),
        amount=_count(gift, "amount"),
        name=_printable(gift.get("name")),
        type=_printable(gift.get("type")),
        tier=_printable(gift.get("tier")),
        created_at=_time(fields, "created_at"),
    )


_READERS: Mapping[str, Callable[[dict[str, Any]], Event]] = {
    CHAT: _read_chat,
    FOLLOW: _read_follow,
    NEW_SUBSCRIPTION: _read_subscription,
    RENEWED_SUBSCRIPTION: _read_subscription,
    GIFTED_SUBSCRIPTIONS: _read_gifted_subscriptions,
    REDEMPTION: _read_redemption,
    STREAM_STATUS: _read_stream_status,
    STREAM_METADATA: _read_stream_metadata,
    BAN: _read_ban,
    KICKS_GIFTED: _read_kicks_gift,
}
EVENT_TYPES = tuple(_READERS)


# --- Fields --------------------------------------------------------------------------------------


def _object(fields: dict[str, Any], field: str) -> dict[str, Any]:
    value = fields.get(field)
    if not isinstance(value, dict):
        raise PayloadError(f"{field} isn't an object.")
    return value


def _person(fields: dict[str, Any], field: str, *, may_be_anonymous: bool = False) -> Person:
    person = _object(fields, field)
    if may_be_anonymous and person.get("user_id") is None:
        return Person(user_id="")
    try:
        return Person(user_id=read_user_id(person), username=_printable(person.get("username")))
    except PayloadError as error:
        raise PayloadError(f"In {field}: {error}") from error


def _text(fields: dict[str, Any], field: str) -> str:
    value = fields.get(field)
    if type(value) is not str or not 0 < len(value) <= 64 or not value.isprintable():
        raise PayloadError(f"{field} isn't text of 1 to 64 characters.")
    return value


def _count(fields: dict[str, Any], field: str) -> int:
    value = fields.get(field)
    if type(value) is not int or not 0 < value < 2**31:
        raise PayloadError(f"{field} isn't a whole number above 0.")
    return value


def _time(fields: dict[str, Any], field: str) -> datetime:
    value = fields.get(field)
    try:
        return parse_timestamp(value if type(value) is str else "")
    except ValueError as error:
        raise PayloadError(f"{field} isn't a time.") from error


def _time_or_none(fields: dict[str, Any], field: str) -> datetime | None:
    return None if fields.get(field) is None else _time(fields, field)


def _printable(value: Any) -> str:
    """A stranger's text, without the characters that a database or a page can't handle."""
    return "".join(filter(str.isprintable, value))[:100] if type(value) is str else ""
