"""The live view of a launch: true figures at a cost that doesn't grow."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from claims.api_keys import make_api_key
from claims.desk import live
from claims.desk.live import LiveFigures, read_live_figures
from claims.models import Campaign
from tests.factories import NOW, make_campaign, make_claim, make_entitlement

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def launch() -> Campaign:
    return make_campaign(name="Launch Week")


def claim(campaign: Campaign, *, seconds_ago: float, **overrides: Any) -> Any:
    at = NOW - seconds_ago * SECOND
    fields = {"recorded_at": at, "received_at": at, "occurred_at": at - SECOND, "granted_at": at}
    return make_claim(campaign=campaign, status="GRANTED", **fields | overrides)


def read(campaign: Campaign) -> LiveFigures:
    return read_live_figures(campaign=campaign, now=NOW)


def test_claims_of_the_last_minute_are_counted(launch: Campaign) -> None:
    for seconds_ago in (1, 30, 59, 61):
        claim(launch, seconds_ago=seconds_ago)
    claim(make_campaign(), seconds_ago=5)

    figures = read(launch)

    assert (figures.per_minute, figures.is_estimate) == (3, False)
    assert figures.waits.median == SECOND


def test_rate_beyond_the_sample_is_estimated(
    launch: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SAMPLE", 10)
    for tenths in range(40):
        claim(launch, seconds_ago=tenths / 10)

    figures = read(launch)

    # Ten claims in the newest 0.9 s.
    assert (figures.per_minute, figures.is_estimate) == (667, True)


def test_shares_are_of_the_campaigns_own_claims(launch: Campaign) -> None:
    claim(launch, seconds_ago=1)
    claim(launch, seconds_ago=2, path="SYNC")
    make_claim(campaign=launch, recorded_at=NOW - 3 * SECOND, hold_reason="NOT_LINKED")
    claim(make_campaign(), seconds_ago=1)

    figures = read(launch)

    assert (figures.share_by_webhook, figures.share_granted) == (66, 66)


def test_share_is_a_hundred_only_if_nothing_is_missing(launch: Campaign) -> None:
    for n in range(299):
        claim(launch, seconds_ago=n / 10)
    claim(launch, seconds_ago=1, path="SYNC")

    assert read(launch).share_by_webhook == 99


def test_claim_that_was_held_first_is_no_slow_grant(launch: Campaign) -> None:
    claim(launch, seconds_ago=1)
    claim(launch, seconds_ago=50, granted_at=NOW, first_hold_reason="NOT_LINKED")

    assert read(launch).waits.slowest == SECOND


def test_oldest_undelivered_item_and_delivery_times(launch: Campaign) -> None:
    of_launch = claim(launch, seconds_ago=1)
    make_entitlement(claim=of_launch, granted_at=NOW - 90 * SECOND)
    make_entitlement(
        claim=of_launch, granted_at=NOW - 9 * SECOND, fulfilled_at=NOW, status="FULFILLED"
    )
    make_entitlement(claim=claim(make_campaign(), seconds_ago=1), granted_at=NOW - 999 * SECOND)

    figures = read(launch)

    assert figures.oldest_undelivered == 90 * SECOND
    assert figures.deliveries.median == 9 * SECOND


def test_item_behind_a_long_queue_of_others_is_not_called_delivered(
    launch: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SAMPLE", 2)
    other = claim(make_campaign(), seconds_ago=1)
    for _ in range(2):
        make_entitlement(claim=other)
    make_entitlement(claim=claim(launch, seconds_ago=1))

    figures = read(launch)

    assert (figures.oldest_undelivered, figures.is_behind) == (None, True)


def test_quiet_campaign_has_no_figures(launch: Campaign) -> None:
    figures = read(launch)

    assert (figures.per_minute, figures.share_by_webhook, figures.waits.count) == (0, None, 0)
    assert (figures.oldest_undelivered, figures.is_behind) == (None, False)


def test_game_servers_are_those_that_can_see_the_campaign(launch: Campaign) -> None:
    key, _ = make_api_key(name="eu-west", categories=[launch.category], now=NOW)
    make_api_key(name="other game", categories=["Another"], now=NOW)
    key.last_used_at = NOW - 7 * SECOND
    key.save()

    assert [(one.name, one.ago) for one in read(launch).servers] == [("eu-west", 7 * SECOND)]


def test_page_and_its_figures_agree(ops: Client, launch: Campaign) -> None:
    now = timezone.now()
    claim(launch, seconds_ago=0, recorded_at=now, received_at=now, granted_at=now)

    page = ops.get(reverse("desk:live", args=[launch.pk])).content.decode()
    part = ops.get(reverse("desk:live_figures", args=[launch.pk]))

    assert "Live: Launch Week" in page
    assert "Claims a minute" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert "no-store" in part["Cache-Control"]


def test_number_of_queries_is_constant(ops: Client, launch: Campaign) -> None:
    url = reverse("desk:live_figures", args=[launch.pk])

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert ops.get(url).status_code == 200
        return len(captured)

    make_entitlement(claim=claim(launch, seconds_ago=1))
    ops.get(url)
    before = count()
    for _ in range(5):
        make_entitlement(claim=claim(launch, seconds_ago=1))

    assert count() == before
