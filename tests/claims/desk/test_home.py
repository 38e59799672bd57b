"""The front page: its numbers, its links, and what it costs."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from claims.desk import attention, figures
from claims.desk.charts import round_up, stack_bars
from claims.models import Claim, ClaimHour
from core.models import Lease
from studio_drops.monitoring.checks import HEARTBEAT
from tests.claims.desk.admin.rows import make_delivery
from tests.factories import (
    NOW,
    make_campaign,
    make_claim,
    make_confirmation,
    make_entitlement,
    make_item,
    make_report,
    make_reward,
)
from tests.inline_code import InlineCode

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def claim_at(at, **fields):
    return make_claim(received_at=at, recorded_at=at, **fields)


def granted_at(at, **fields):
    return claim_at(at, status="GRANTED", granted_at=at, **fields)


# --- Activity ---------------------------------------------------------------------------------


def test_claims_per_hour_tells_granted_from_held():
    claim_at(NOW - 3 * HOUR)
    granted_at(NOW - 3 * HOUR, path="SYNC")
    granted_at(NOW - 3 * HOUR + 59 * MINUTE)

    hours = figures.claims_per_hour(now=NOW)

    assert len(hours) == 24
    assert hours[-1].began_at == NOW
    (busy,) = (hour for hour in hours if hour.granted_at_once)
    assert busy.began_at == NOW - 3 * HOUR
    assert (busy.granted_at_once, busy.held_first) == (2, 1)
    assert (busy.by_webhook, busy.by_sync) == (2, 1)


def test_hours_that_are_over_are_counted_once():
    claim_at(NOW - 2 * HOUR)
    figures.claims_per_hour(now=NOW)
    claim_at(NOW - 2 * HOUR)  # which cannot be, and shows that nobody counts again

    hours = figures.claims_per_hour(now=NOW + MINUTE)

    assert sum(hour.held_first for hour in hours) == 1


def test_hour_that_is_hardly_over_is_not_kept_yet():
    figures.claims_per_hour(now=NOW + 9 * MINUTE)
    claim_at(NOW - MINUTE)

    hours = figures.claims_per_hour(now=NOW + 10 * MINUTE)

    assert sum(hour.held_first for hour in hours) == 1
    assert ClaimHour.objects.filter(began_at=NOW - HOUR).exists()
    assert not ClaimHour.objects.filter(began_at=NOW).exists()


def test_times_to_grant_of_those_that_waited_for_something_stand_apart():
    for seconds in (1, 2, 90):
        granted_at(NOW + timedelta(seconds=seconds), occurred_at=NOW)
    granted_at(NOW + HOUR, occurred_at=NOW, first_hold_reason="NOT_LINKED")
    claim_at(NOW)

    waits = figures.times_to_grant()

    assert waits.at_once.median == timedelta(seconds=2)
    assert waits.at_once.slowest == timedelta(seconds=90)
    assert (waits.held_first.count, waits.held_first.median) == (1, HOUR)


def test_fulfilled_share_leaves_out_what_was_taken_back():
    for status in ("FULFILLED", "FULFILLED", "GRANTED", "REVOKED"):
        make_entitlement(status=status)

    assert figures.fulfilment().share == 67


def test_running_campaigns_count_their_days():
    day = timedelta(days=1)
    running = make_campaign(starts_at=NOW - 2 * day, ends_at=NOW + 3 * day)
    endless = make_campaign(starts_at=NOW - HOUR)
    in_grace = make_campaign(starts_at=NOW - 9 * day, ends_at=NOW - day, grace_days=2)
    make_campaign(starts_at=NOW - 9 * day, ends_at=NOW - 3 * day, grace_days=2)
    make_campaign(starts_at=NOW + day)

    found = {one.campaign: (one.day, one.days) for one in figures.running_campaigns(now=NOW)}

    assert found == {running: (3, 5), endless: (1, None), in_grace: (8, 8)}


def test_coming_campaigns_say_what_is_missing():
    day = timedelta(days=1)
    make_campaign(starts_at=NOW - day)
    ready = make_reward(items=[(make_item(), 1)])
    later = make_campaign(starts_at=NOW + 9 * day, rewards=[ready])
    soon = make_campaign(starts_at=NOW + HOUR, rewards=[ready, make_reward(), make_reward()])

    found = figures.coming_campaigns(now=NOW)

    assert [(one.campaign, one.days, one.rewards, one.unmapped) for one in found] == [
        (soon, 0, 3, 2),
        (later, 9, 1, 0),
    ]


def test_campaign_before_its_start_is_one_click_from_its_preflight(ops: Client):
    campaign = make_campaign(name="Spring Cup", starts_at=timezone.now() + timedelta(days=9))
    overview = reverse("desk:campaign", args=[campaign.pk])
    preflight = reverse("desk:preflight", args=[campaign.pk])

    home = ops.get(reverse("admin:index")).content.decode()
    listed = ops.get(reverse("admin:claims_campaign_changelist")).content.decode()
    form = ops.get(reverse("admin:claims_campaign_change", args=[campaign.pk])).content.decode()

    assert f'href="{overview}"' in home
    assert f'href="{preflight}"' in home
    assert f'href="{overview}"' in listed
    assert f'href="{overview}"' in form
    assert f'href="{preflight}"' in form


# --- What needs a person -----------------------------------------------------------------------


def test_held_claims_with_their_age_and_what_resolves_them():
    claim_at(NOW - HOUR)
    claim_at(NOW - 5 * HOUR)
    claim_at(NOW, hold_reason="UNMAPPED_REWARD")
    make_confirmation(claim_at(NOW, hold_reason="NOT_OURS"), foreign_at=NOW)

    mapping, link = attention.held_claims(now=NOW)

    assert (mapping.count.shown, mapping.button) == ("1", "Map rewards…")
    assert (link.count.shown, link.waited) == ("2", 5 * HOUR)


def test_count_is_not_exact_beyond_what_anybody_needs(monkeypatch):
    monkeypatch.setattr(attention, "COUNTED_UP_TO", 2)
    for _ in range(4):
        make_claim()

    (held,) = attention.held_claims(now=NOW)

    assert held.count.shown == "2+"


def test_alarms_are_those_of_the_doctor_the_worst_first():
    alarms = attention.alarms(now=NOW)

    assert [alarm.check for alarm in alarms] == ["worker and scheduler", "reconcile"]


def test_open_tasks_leave_out_what_there_is_none_of():
    make_campaign(category="")
    make_delivery(received_at=NOW)
    make_reward()

    said = {task.title: task.count.shown for task in attention.open_tasks(now=NOW)}

    assert len(said) == 3
    assert set(said.values()) == {"1"}


# --- Charts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "top"), [(0, 1), (1, 1), (3, 5), (10, 10), (501, 1000)])
def test_round_up_to_a_number_that_reads_well(number, top):
    assert round_up(number) == top


def test_bars_stand_on_each_other_and_fill_the_chart():
    chart = stack_bars([("a", "/a", (3, 2)), ("b", "/b", (0, 0))], kinds=("granted", "held"))

    first, second = chart.bars[0].parts
    assert (first.y + first.height, second.y + second.height) == (160, first.y)
    assert second.y == 0
    assert [part.height for part in chart.bars[1].parts] == [0, 0]


# --- The page ----------------------------------------------------------------------------------


def lived_in():
    now = timezone.now()
    make_entitlement(status="FULFILLED")
    granted_at(now - HOUR)
    granted_at(now - 2 * HOUR, path="SYNC")
    claim_at(now - HOUR, hold_reason="UNMAPPED_REWARD")
    make_delivery(received_at=now)
    make_campaign(category="", is_test=True, starts_at=now - HOUR)
    make_report(claim_at(now), refusals=2)


def test_every_link_on_the_page_is_answered(admin_client: Client):
    lived_in()

    page = admin_client.get("/admin/").content.decode()

    links = {unescape(link) for link in re.findall(r'href="(/admin/[^"]*)"', page)}
    assert len(links) > 40
    for link in links:
        assert admin_client.get(link).status_code == 200, link


def test_page_has_no_inline_code_and_each_chart_its_table(support: Client):
    lived_in()

    page = support.get("/admin/").content.decode()

    blocked = InlineCode()
    blocked.feed(page)
    assert blocked.found == []
    assert page.count("<figure") == page.count('<table><thead><tr><th scope="col">From') == 1


def test_page_says_so_when_all_is_well(support: Client):
    now = timezone.now()
    for job in (HEARTBEAT, "catch_up:kick_drops"):
        Lease.objects.create(
            job=job, expires_at=now, not_before=now, last_began_at=now, last_ended_at=now
        )

    assert "All clear" in support.get("/admin/").content.decode()


def test_page_without_permission_to_see_claims_is_the_plain_one(client, make_nobody):
    client.force_login(make_nobody)

    page = client.get("/admin/")

    assert page.status_code == 200
    assert "Needs attention" not in page.content.decode()


def test_page_runs_no_more_statements_as_rows_grow(support: Client):
    lived_in()
    support.get("/admin/")
    with CaptureQueriesContext(connection) as few:
        support.get("/admin/")
    for _ in range(5):
        lived_in_more()

    with CaptureQueriesContext(connection) as many:
        support.get("/admin/")

    assert len(many) <= len(few)


def lived_in_more():
    now = timezone.now()
    claim = granted_at(now)
    make_entitlement(claim=claim)
    claim_at(now)
    assert Claim.objects.exists()
