"""Rows of Report: requested once, and requested again when the platform contradicts them.

test_sync.py sends reports to the local Kick.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from claims.models import Claim, Report
from claims.reports import request_reports, send_reports
from claims.source import Award, Page, Source
from claims.source_page import record_page
from core.platform_errors import PlatformRefused
from tests.factories import NOW, make_claim, make_entitlement, make_report

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def shown(claim: Claim, *, is_reported: bool | None) -> Award:
    """The claim as the platform's API shows it."""
    return Award(
        claim_id=claim.claim_id,
        account=claim.account_id,
        campaign_id=claim.campaign_id,
        reward_id=claim.reward_id,
        occurred_at=claim.occurred_at,
        is_reported=is_reported,
    )


@pytest.fixture
def granted() -> Claim:
    claim = make_claim(status=Claim.Status.GRANTED, occurred_at=NOW)
    make_entitlement(claim=claim)
    return claim


def show(award: Award) -> Report | None:
    record_page(Page([award]), source="kick_drops", now=LATER)
    return Report.objects.filter(pk=award.claim_id).first()


def test_request_reports_again_changes_nothing(granted: Claim) -> None:
    request_reports(claim_ids=[granted.pk], now=NOW)
    before = Report.objects.values().get()

    request_reports(claim_ids=[granted.pk], now=LATER)

    assert Report.objects.values().get() == before
    assert (before["requested_at"], before["next_attempt_at"]) == (NOW, NOW)


@pytest.mark.parametrize("source", ["manual", "a_source_without_reports"])
def test_request_reports_leaves_out_sources_without_reports(source: str) -> None:
    claim = make_claim(status=Claim.Status.GRANTED, source=source)

    request_reports(claim_ids=[claim.pk], now=NOW)

    assert not Report.objects.exists()


def test_report_is_requested_again_when_the_platform_shows_the_claim_as_undelivered(
    granted: Claim,
) -> None:
    make_report(granted, reported_at=NOW, refusals=2)

    report = show(shown(granted, is_reported=False))

    assert report
    assert (report.reported_at, report.next_attempt_at, report.refusals) == (None, LATER, 0)
    assert list(Report.objects.due(now=LATER)) == [report]


def test_report_is_done_when_the_platform_shows_the_claim_as_delivered(granted: Claim) -> None:
    make_report(granted, refusals=2)

    report = show(shown(granted, is_reported=True))

    assert report
    assert (report.reported_at, report.next_attempt_at, report.refusals) == (LATER, None, 0)


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("is_silent", [True, False])
def test_report_stays_when_the_platform_agrees_or_does_not_say(
    granted: Claim, is_done: bool, is_silent: bool
) -> None:
    make_report(granted, reported_at=NOW if is_done else None)
    before = Report.objects.values().get()
    # With a new time, so that the claim isn't skipped as settled.
    Claim.objects.update(occurred_at=None)

    show(replace(shown(granted, is_reported=None if is_silent else is_done), occurred_at=NOW))

    assert Report.objects.values().get() == before
    assert Claim.objects.get().occurred_at == NOW


@pytest.mark.parametrize("is_reported", [True, False])
def test_claim_without_a_report_gets_none_from_the_platform(
    granted: Claim, is_reported: bool
) -> None:
    assert show(shown(granted, is_reported=is_reported)) is None


def test_send_reports_retries_a_refused_claim_after_a_pause_that_grows(granted: Claim) -> None:
    make_report(granted)

    class Refusing(Source):
        name = "kick_drops"

        def report(self, claim_ids: object) -> None:
            raise PlatformRefused("The claim is unknown.", status=404)

    pauses = []
    now = NOW
    for _ in range(3):
        assert send_reports(source=Refusing(), clock=lambda at=now: at) == 0
        pauses.append(Report.objects.get().next_attempt_at - now)
        now = Report.objects.get().next_attempt_at

    assert pauses == sorted(pauses)
    assert pauses[0] > timedelta()
    assert list(Report.objects.refused().values_list("refusals", flat=True)) == [3]


def test_send_reports_leaves_reports_of_other_sources(granted: Claim) -> None:
    make_report(granted)
    reported = []

    class Another(Source):
        name = "another"

        def report(self, claim_ids: object) -> None:
            reported.append(claim_ids)

    assert send_reports(source=Another(), clock=lambda: NOW) == 0

    assert reported == []
