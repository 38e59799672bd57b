"""A campaign's report: days that add up."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from claims.desk.report import Day, add_up, read_report
from tests.factories import NOW, make_account, make_campaign, make_claim, make_player, make_report

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def test_each_claim_counts_on_the_day_it_was_earned() -> None:
    campaign = make_campaign()
    linked = make_account(player=make_player())
    times = {"granted_at": NOW, "status": "GRANTED"}
    quick = make_claim(campaign=campaign, account=linked, occurred_at=NOW, **times)
    make_report(quick, requested_at=NOW + MINUTE)
    slow = make_claim(campaign=campaign, account=linked, occurred_at=NOW, **times)
    make_report(slow, requested_at=NOW + 30 * MINUTE)
    make_claim(campaign=campaign, occurred_at=NOW - timedelta(days=1))
    make_claim(campaign=campaign, path="MANUAL", **times)
    make_claim()

    days = read_report(campaign.pk)

    assert days == [
        Day(date(2026, 6, 22), claimed=1),
        Day(
            date(2026, 6, 23),
            claimed=2,
            linked=2,
            granted=2,
            delivered=2,
            in_a_minute=1,
            in_an_hour=2,
        ),
    ]
    assert add_up(days) == Day(None, 3, 2, 2, 2, 1, 2)


def test_claim_whose_time_is_unknown_counts_when_it_came() -> None:
    campaign = make_campaign()
    make_claim(campaign=campaign, occurred_at=None, received_at=NOW)

    assert [one.day for one in read_report(campaign.pk)] == [NOW.date()]


def test_page_and_file(support: Client) -> None:
    claim = make_claim(occurred_at=NOW)

    page = support.get(reverse("desk:report", args=[claim.campaign_id])).content.decode()
    file = support.get(reverse("desk:report_csv", args=[claim.campaign_id])).content.decode()

    assert "23 Jun 2026" in page
    assert file.splitlines()[1] == "2026-06-23,1,0,0,0,0,0"


def test_page_of_a_campaign_without_claims(support: Client) -> None:
    page = support.get(reverse("desk:report", args=[make_campaign().pk]))

    assert "No claims yet." in page.content.decode()
