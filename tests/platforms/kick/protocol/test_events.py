"""All ten types of Kick's events, from the bodies in its docs and from recorded quirks."""

import json
import warnings
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from platforms.kick.protocol.events import (
    EVENT_TYPES,
    Ban,
    GiftedSubscriptions,
    KicksGift,
    Redemption,
    StreamMetadata,
    StreamStatus,
    Subscription,
    UnknownEvent,
    parse_event,
)
from platforms.kick.protocol.payloads import PayloadError
from tests.platforms.kick.events import ANONYMOUS, BODIES, person

KICKCOM_MODELS = {
    "chat.message.sent": "ChatMessage",
    "channel.followed": "ChannelFollow",
    "channel.subscription.new": "ChannelSubCreated",
    "channel.subscription.renewal": "ChannelSubRenewal",
    "channel.subscription.gifts": "ChannelSubGifts",
    "channel.reward.redemption.updated": "ChannelRewardRedemption",
    "livestream.status.updated": "LiveStreamStatusUpdated",
    "livestream.metadata.updated": "LiveStreamMetadataUpdated",
    "moderation.banned": "ModerationBanned",
    "kicks.gifted": "KicksGifted",
}


def parse(event: str, body: Any) -> Any:
    return parse_event(json.dumps(body).encode(), event_type=event, version="1")


@pytest.mark.parametrize("event", EVENT_TYPES)
def test_each_type_is_parsed(event: str) -> None:
    assert parse(event, BODIES[event]).broadcaster.user_id == "1"


def test_bodies_have_all_types() -> None:
    assert set(BODIES) == set(EVENT_TYPES)
    assert len(EVENT_TYPES) == 10


def test_times_have_any_number_of_digits_and_any_offset() -> None:
    new = parse("channel.subscription.new", BODIES["channel.subscription.new"])
    status = parse("livestream.status.updated", BODIES["livestream.status.updated"])

    assert isinstance(new, Subscription)
    assert new.expires_at == datetime(2026, 7, 1, 18, 0, 0, 123456, tzinfo=UTC)
    assert isinstance(status, StreamStatus)
    assert status.started_at == datetime(2026, 6, 1, 17, tzinfo=UTC)


def test_metadata_with_the_category_once_or_twice() -> None:
    body = BODIES["livestream.metadata.updated"]
    twice = parse("livestream.metadata.updated", body)
    only_capital = {key: one for key, one in body["metadata"].items() if key != "category"}
    once = parse("livestream.metadata.updated", body | {"metadata": only_capital})

    assert isinstance(twice, StreamMetadata)
    assert once == twice


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_gifter_without_an_id_is_anonymous(is_anonymous: bool) -> None:
    gifter = ANONYMOUS | {"is_anonymous": is_anonymous}
    gift = parse(
        "channel.subscription.gifts", BODIES["channel.subscription.gifts"] | {"gifter": gifter}
    )

    assert isinstance(gift, GiftedSubscriptions)
    assert gift.gifter.user_id == ""
    assert [one.user_id for one in gift.giftees] == ["3", "4"]


def test_fields_of_gift_redemption_and_ban() -> None:
    gift = parse("kicks.gifted", BODIES["kicks.gifted"])
    redemption = parse(
        "channel.reward.redemption.updated", BODIES["channel.reward.redemption.updated"]
    )
    ban = parse("moderation.banned", BODIES["moderation.banned"])

    assert isinstance(gift, KicksGift)
    assert (gift.sender.user_id, gift.amount, gift.tier) == ("2", 500, "MID")
    assert isinstance(redemption, Redemption)
    assert (redemption.redeemer.user_id, redemption.status) == ("2", "pending")
    assert isinstance(ban, Ban)
    assert ban.expires_at is None


@pytest.mark.parametrize(("event", "version"), [("channel.raided", "1"), ("kicks.gifted", "2")])
def test_unknown_type_or_version(event: str, version: str) -> None:
    with pytest.raises(UnknownEvent):
        parse_event(b"{}", event_type=event, version=version)


# New and renewed subscriptions have the same keys.
SAME_SHAPE = {"channel.subscription.new", "channel.subscription.renewal"}


RELABELLED = [pair for pair in permutations(EVENT_TYPES, 2) if set(pair) != SAME_SHAPE]


@pytest.mark.parametrize(("event", "body_of"), RELABELLED)
def test_relabelled_event_is_refused(event: str, body_of: str) -> None:
    """The header with the type isn't signed."""
    with pytest.raises(PayloadError):
        parse(event, BODIES[body_of])


@pytest.mark.parametrize(
    "change",
    [
        {"gift": {"amount": 0}},
        {"gift": {"amount": True}},
        {"gift": None},
        {"sender": person(2) | {"user_id": -1}},
        {"broadcaster": ANONYMOUS},
        {"created_at": "yesterday"},
        {"created_at": 5},
    ],
)
def test_invalid_gift_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(PayloadError):
        parse("kicks.gifted", BODIES["kicks.gifted"] | change)


def test_repeated_key_is_refused() -> None:
    body = b'{"broadcaster": {"user_id": 1, "user_id": 2}, "follower": {"user_id": 3}}'

    with pytest.raises(PayloadError):
        parse_event(body, event_type="channel.followed", version="1")


def test_strangers_text_is_cut_and_cleaned() -> None:
    body = BODIES["kicks.gifted"] | {"gift": BODIES["kicks.gifted"]["gift"] | {"name": "a\n" * 999}}

    gift = parse("kicks.gifted", body)

    assert gift.name == "a" * 100


@pytest.mark.parametrize("event", EVENT_TYPES)
def test_independent_parser_reads_the_same(event: str) -> None:
    """kickcom.py reads these bodies, so they aren't only what we think Kick sends."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Inheritance class", category=DeprecationWarning)
        models = pytest.importorskip("kickpy.models.webhooks", reason="kickcom.py isn't installed")
    body = json.loads(json.dumps(BODIES[event]))
    body.get("metadata", {}).pop("Category", None)  # it refuses unknown fields
    theirs = getattr(models, KICKCOM_MODELS[event])(**body)

    assert str(theirs.broadcaster.user_id) == parse(event, BODIES[event]).broadcaster.user_id
