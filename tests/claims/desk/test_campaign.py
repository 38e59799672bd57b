"""The campaign page: its time to scale, its funnel, and what the game server is told of tests."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from claims.desk import funnels
from claims.desk.phases import Phase, draw_timeline
from claims.desk.views.campaign import FILTERS
from claims.models import RewardFunnel
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_claim,
    make_item,
    make_player,
    make_report,
    make_reward,
)
from tests.inline_code import InlineCode

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def launch(**fields):
    dates = {"starts_at": NOW, "ends_at": NOW + 10 * DAY, "announcement_days": 2, "grace_days": 4}
    return make_campaign(**dates | fields)


# --- The timeline ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "phase"),
    [
        (-3, Phase.BEFORE),
        (-2, Phase.ANNOUNCED),
        (0, Phase.RUNNING),
        (9.9, Phase.RUNNING),
        (10, Phase.GRACE),
        (14, Phase.OVER),
        (400, Phase.OVER),
    ],
)
def test_phase_at_each_moment(days, phase):
    assert draw_timeline(launch(), now=NOW + days * DAY).phase == phase


def test_timeline_is_to_scale_and_without_gaps():
    drawn = draw_timeline(launch(), now=NOW + 5 * DAY)

    announced, running, grace = drawn.stretches
    assert running.width == pytest.approx(5 * announced.width, abs=0.5)
    assert grace.width == pytest.approx(2 * announced.width, abs=0.5)
    assert announced.x + announced.width == pytest.approx(running.x, abs=0.2)
    assert drawn.now_x == pytest.approx(running.x + running.width / 2, abs=0.5)


def test_now_that_is_far_away_stays_in_the_drawing():
    assert 0 < draw_timeline(launch(), now=NOW + 900 * DAY).now_x < 1000


def test_timeline_without_dates():
    drawn = draw_timeline(launch(ends_at=None), now=NOW)

    assert (drawn.phase, drawn.stretches) == (Phase.UNKNOWN, [])


# --- The funnel --------------------------------------------------------------------------------


def funnel_of(campaign):
    (funnel,) = funnels.funnels_of(campaign_id=campaign.pk, now=NOW).values()
    return [getattr(funnel, name) for name in funnels.STEPS]


def test_funnel_counts_each_step():
    campaign = launch()
    linked = {"campaign": campaign, "status": "GRANTED"}
    make_claim(campaign=campaign)
    make_claim(campaign=campaign, account=make_account(player=make_player()))
    make_claim(**linked, account=make_account(player=make_player()))
    make_report(make_claim(**linked, account=make_account(player=make_player())))
    make_report(make_claim(**linked, account=make_account(player=make_player())), reported_at=NOW)
    make_claim(**linked, source="manual", path="MANUAL", account=None)

    assert funnel_of(campaign) == [5, 4, 3, 2, 1]


def test_funnel_is_not_counted_again_while_it_is_fresh():
    campaign = launch()
    make_claim(campaign=campaign)
    funnel_of(campaign)
    make_claim(campaign=campaign)

    kept = funnel_of(campaign)
    funnels.count_running_funnels(now=NOW)

    assert kept[0] == 1
    assert funnel_of(campaign)[0] == 2


def test_funnel_of_a_big_campaign_is_left_to_the_worker(monkeypatch):
    monkeypatch.setattr(funnels, "COUNTED_UP_TO", 1)
    campaign = launch()
    for _ in range(3):
        make_claim(campaign=campaign)

    assert funnels.funnels_of(campaign_id=campaign.pk, now=NOW) == {}
    assert funnels.count_running_funnels(now=NOW) == 1
    assert funnel_of(campaign)[0] == 3


def test_funnels_of_campaigns_that_are_long_over_are_not_counted():
    launch(starts_at=NOW - 40 * DAY, ends_at=NOW - 20 * DAY)
    launch(starts_at=NOW + DAY)

    assert funnels.count_running_funnels(now=NOW) == 0


# --- The page ----------------------------------------------------------------------------------


def show(client: Client, campaign) -> str:
    answer = client.get(reverse("desk:campaign", args=[campaign.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_page_shows_time_channels_test_mode_and_funnel(ops: Client):
    now = timezone.now()
    unmapped = make_reward(name="Mystery box")
    mapped = make_reward(name="Ember cape", items=[(make_item(name="Cape"), 2)])
    campaign = launch(
        name="Launch Week",
        starts_at=now - DAY,
        ends_at=now + DAY,
        is_test=True,
        channels=["nova_live"],
        rewards=[unmapped, mapped],
    )
    make_claim(campaign=campaign, reward=mapped)

    page = show(ops, campaign)

    for said in ("test mode", "nova_live", "running", "2 × Cape", "not mapped: map it"):
        assert said in page
    blocked = InlineCode()
    blocked.feed(page)
    assert blocked.found == []
    links = {unescape(link) for link in re.findall(r'href="(/admin/claims/claim/[^"]*)"', page)}
    assert len(links) > 8
    for link in links:
        assert ops.get(link).status_code == 200, link


def test_page_of_a_campaign_without_anything(support: Client):
    page = show(support, make_campaign(name="", category="", rewards=[]))

    assert "No dates set." in page
    assert "No rewards yet." in page
    assert "Change…" not in page


def test_page_runs_no_more_statements_as_rows_grow(support: Client):
    campaign = launch()
    make_claim(campaign=campaign)
    show(support, campaign)
    with CaptureQueriesContext(connection) as few:
        show(support, campaign)
    for number in range(6):
        reward = make_reward(items=[(make_item(), 1)])
        campaign.pairs.create(reward=reward, required_minutes=number)
        make_claim(campaign=campaign, reward=reward)

    with CaptureQueriesContext(connection) as many:
        show(support, campaign)

    assert len(many) <= len(few)
    assert RewardFunnel.objects.exists()


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_list_of_a_steps_claims_is_shown(filters: dict[str, str], support: Client) -> None:
    make_report(make_claim(), reported_at=NOW)

    answer = support.get(reverse("admin:claims_claim_changelist"), filters)

    assert answer.status_code == 200
