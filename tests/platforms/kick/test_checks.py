"""Kick's checks for `doctor`: what each finding says, and when."""

from datetime import timedelta
from typing import Any

import pytest

from claims.models import StreamSpan
from core.checks import Verdict
from platforms.kick.checks import check_event_subscriptions
from platforms.kick.models import EventSubscription
from tests.claims.make_offers import NOW, make_channel, make_offer

pytestmark = pytest.mark.django_db


def subscription(**fields: Any) -> EventSubscription:
    known = {
        "user_id": "1",
        "event": "kicks.gifted",
        "subscription_id": "01SUBSCRIPTION",
        "checked_at": NOW,
    }
    return EventSubscription.objects.create(**known | fields)


def test_subscriptions_that_no_offer_needs_pass() -> None:
    assert check_event_subscriptions(NOW)[0] == Verdict.PASS


def test_subscriptions_that_are_there_pass() -> None:
    make_offer()
    subscription()

    assert check_event_subscriptions(NOW)[0] == Verdict.PASS


def test_missing_subscription_fails() -> None:
    make_offer()

    verdict, message, next_step = check_event_subscriptions(NOW)

    assert verdict == Verdict.FAIL
    assert "1 of 1" in message
    assert "/webhooks/kick/events" in next_step


def test_refused_subscription_names_the_reason() -> None:
    make_offer()
    subscription(subscription_id="", error="event subscription limit reached")

    verdict, message, _ = check_event_subscriptions(NOW)

    assert verdict == Verdict.FAIL
    assert "event subscription limit reached" in message


@pytest.mark.parametrize(
    "fields",
    [{"checked_at": NOW - timedelta(hours=2)}, {"lost_at": NOW - timedelta(hours=23)}],
)
def test_subscription_that_was_lost_or_is_not_checked_warns(fields: dict[str, Any]) -> None:
    make_offer()
    subscription(**fields)

    assert check_event_subscriptions(NOW)[0] == Verdict.WARN


@pytest.mark.parametrize(
    ("on_air_for", "made_before", "event_after", "is_silent"),
    [
        (20, 60, None, True),
        (20, 60, -30, True),
        (20, 60, 0, False),
        (5, 60, None, False),
        (20, 10, None, False),
    ],
)
def test_channel_on_air_without_an_event_warns(
    on_air_for: int, made_before: int, event_after: int | None, is_silent: bool
) -> None:
    """`event_after` is in minutes from the stream's start, the others from now."""
    minute = timedelta(minutes=1)
    make_offer()
    started_at = NOW - on_air_for * minute
    StreamSpan.objects.create(
        channel=make_channel(), started_at=started_at, began_at=started_at, ended_at=NOW
    )
    subscription()
    subscription(
        event="livestream.status.updated",
        made_at=NOW - made_before * minute,
        last_event_at=None if event_after is None else started_at + event_after * minute,
    )

    verdict, message, _ = check_event_subscriptions(NOW)

    assert verdict == (Verdict.WARN if is_silent else Verdict.PASS)
    assert ("kick:1" in message) == is_silent


def test_limit_of_subscriptions_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platforms.kick.checks.NEAR_THE_LIMIT", 1)
    make_offer()
    subscription()

    verdict, message, _ = check_event_subscriptions(NOW)

    assert verdict == Verdict.WARN
    assert "kicks.gifted" in message
