"""Kick's checks for `doctor`: what each finding says, and when."""

from datetime import timedelta
from typing import Any

import pytest

from core.checks import Verdict
from platforms.kick.checks import check_event_subscriptions
from platforms.kick.models import EventSubscription
from tests.claims.make_offers import NOW, make_offer

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
