"""Preflight: each thing that has to be right before a launch, and what is said when it is not."""

import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.core.servers.basehttp import WSGIServer
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client
from django.test.testcases import QuietWSGIRequestHandler
from django.urls import reverse
from django.utils import timezone

from claims.api_keys import make_api_key
from claims.desk import preflight
from claims.desk.preflight import PreflightDeps, examine_campaign
from claims.models import ApiKey, Campaign, Report
from claims.pausing import pause_grants
from core.checks import Finding
from core.models import Lease
from studio_drops.schedule import HEARTBEAT
from tests.factories import make_campaign, make_claim, make_item, make_report, make_reward
from tests.inline_code import InlineCode
from tests.local_kick_process import LocalKick

DAY = timedelta(days=1)


@pytest.fixture
def deployment(transactional_db: None, live_server: Any, api: Any, settings: Any) -> None:
    """All parts are up, and the game server has just asked."""
    settings.PUBLIC_URL = live_server.url
    now = timezone.now()
    Lease.objects.create(
        job=HEARTBEAT, expires_at=now, not_before=now, last_began_at=now, last_ended_at=now
    )
    make_api_key(name="eu-west", categories=[], now=now)
    ApiKey.objects.update(last_used_at=now)


@pytest.fixture
def campaign(deployment: None, local_kick: LocalKick) -> Campaign:
    """Running, mapped, and rehearsed: Kick shows a claim of it as processed."""
    at_kick = local_kick.save_campaign()
    reward_id = at_kick["rewards"][0]["reward_id"]
    local_kick.claim(
        campaign_id=at_kick["campaign_id"], reward_id=reward_id, deliver=False, force=True, count=1
    )
    now = timezone.now()
    campaign = make_campaign(
        campaign_id=at_kick["campaign_id"],
        starts_at=now - DAY,
        ends_at=now + DAY,
        rewards=[make_reward(reward_id=reward_id, items=[(make_item(), 1)])],
    )
    make_report(make_claim(campaign=campaign, status="GRANTED"), reported_at=now)
    return campaign


def examine(campaign: Campaign) -> dict[str, Finding]:
    deps = PreflightDeps.from_settings()
    found = examine_campaign(campaign=campaign, deps=deps, clock=timezone.now)
    return {finding.check: finding for finding in found}


def verdicts(campaign: Campaign) -> dict[str, str]:
    """Those that did not pass; a test's server has no certificate."""
    found = {name: one.verdict.name for name, one in examine(campaign).items()}
    assert found.pop("webhook") in ("WARN", "FAIL")
    return {name: verdict for name, verdict in found.items() if verdict != "PASS"}


@pytest.mark.parametrize("paused", ["campaign", "reward"])
def test_paused_grants_are_a_warning(campaign: Campaign, paused: str) -> None:
    target = campaign if paused == "campaign" else campaign.rewards.get()
    pause_grants(target=target, reason="wrong item", actor="ada", now=timezone.now())

    finding = examine(campaign)["grants"]

    assert finding.verdict.name == "WARN"
    assert str(target) in finding.message


def test_everything_is_green(campaign: Campaign) -> None:
    assert verdicts(campaign) == {}


def test_webhook_is_ours_and_refuses_a_forged_delivery(campaign: Campaign) -> None:
    finding = examine(campaign)["webhook"]

    assert "is our webhook, but doesn't use HTTPS" in finding.message
    assert finding.next_step == "Use HTTPS: Kick only sends webhooks to HTTPS URLs."


def test_webhook_behind_something_else(campaign: Campaign, local_kick: LocalKick, settings) -> None:
    settings.PUBLIC_URL = local_kick.url

    finding = examine(campaign)["webhook"]

    assert finding.verdict.name == "FAIL"
    assert "not from our webhook" in finding.message


def test_webhook_that_nobody_answers(campaign: Campaign, settings: Any) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    assert "didn't respond (ConnectionError)" in examine(campaign)["webhook"].message


def test_webhook_with_a_certificate_that_is_none(campaign: Campaign, live_server, settings) -> None:
    settings.PUBLIC_URL = live_server.url.replace("http:", "https:")

    assert "has no valid certificate" in examine(campaign)["webhook"].message


@pytest.fixture
def only_thread(campaign: Campaign, settings: Any) -> Iterator[str]:
    """The URL of a web server that does one thing at a time."""
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    server = WSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
    server.set_app(get_wsgi_application())
    settings.PUBLIC_URL = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=_serve, args=[server])
    thread.start()
    yield settings.PUBLIC_URL
    server.shutdown()
    thread.join()
    server.server_close()


def _serve(server: WSGIServer) -> None:
    try:
        server.serve_forever()
    finally:
        connection.close()


def test_page_of_a_server_with_one_thread_ends_in_time_and_says_why(
    campaign: Campaign, only_thread: str, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "PATIENCE_SECONDS", 0.5)
    cookies = {name: cookie.value for name, cookie in admin_client.cookies.items()}
    path = reverse("desk:preflight", args=[campaign.pk])

    page = requests.get(only_thread + path, cookies=cookies, timeout=15)

    assert page.status_code == 200
    assert "respond within 0.5 s." in page.text
    assert "WEB_THREADS" in page.text
    assert requests.get(f"{only_thread}/healthz", timeout=15).status_code == 200


def over(campaign: Campaign) -> None:
    campaign.starts_at, campaign.ends_at = timezone.now() - 9 * DAY, timezone.now() - 5 * DAY
    campaign.save()


def without_category(campaign: Campaign) -> None:
    campaign.category = ""
    campaign.save()


def unmapped(campaign: Campaign) -> None:
    campaign.rewards.get().mapping.all().delete()


def without_rewards(campaign: Campaign) -> None:
    campaign.pairs.all().delete()


def worker_dead(campaign: Campaign) -> None:
    Lease.objects.all().delete()


def game_silent(campaign: Campaign) -> None:
    ApiKey.objects.update(last_used_at=timezone.now() - DAY)


def keys_of_another_category(campaign: Campaign) -> None:
    ApiKey.objects.update(categories=["Another game"])


def category_mistyped(campaign: Campaign) -> None:
    """An unlimited key sees it, but the game's own key doesn't."""
    make_api_key(name="lobby", categories=["Starfall Online"], now=timezone.now())
    Campaign.objects.filter(pk=campaign.pk).update(category="Starfall Onlin")
    campaign.refresh_from_db()


def another_was_rehearsed(campaign: Campaign) -> None:
    other = make_campaign(name="Winter Cup", is_test=True)
    Report.objects.update(claim=make_claim(campaign=other, status="GRANTED"))


def not_rehearsed(campaign: Campaign) -> None:
    Report.objects.all().delete()


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (over, {"dates": "FAIL"}),
        (without_category, {"category": "FAIL"}),
        (unmapped, {"rewards": "FAIL"}),
        (without_rewards, {"rewards": "FAIL"}),
        (worker_dead, {"worker and scheduler": "FAIL"}),
        (game_silent, {"game server": "WARN"}),
        (keys_of_another_category, {"game server": "FAIL"}),
        (not_rehearsed, {"rehearsal": "WARN"}),
        (another_was_rehearsed, {"rehearsal": "WARN"}),
        (category_mistyped, {"category": "WARN"}),
    ],
)
def test_each_thing_that_is_wrong_is_found_alone(campaign: Campaign, spoil, found) -> None:
    spoil(campaign)

    assert verdicts(campaign) == found
    assert all(finding.next_step for finding in examine(campaign).values() if finding.verdict)


def test_campaign_of_which_kick_shows_nothing(campaign: Campaign) -> None:
    another = make_campaign(campaign_id="01K0UNHEARDOF")

    finding = examine(another)["organization"]

    assert finding.verdict.name == "WARN"
    assert "has no claims of this campaign yet" in finding.message


def test_kick_that_does_not_answer(campaign: Campaign, settings: Any) -> None:
    settings.KICK_ID_URL = settings.KICK_API_URL = "http://127.0.0.1:9"

    found = verdicts(campaign)

    assert found["credentials"] == found["organization"] == "FAIL"
    assert found["clock"] == "WARN"


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, "PASS"), (1.9, "PASS"), (3, "WARN"), (61, "FAIL")]
)
def test_clock_that_differs(seconds: float, verdict: str) -> None:
    assert preflight.judge_clock(timedelta(seconds=seconds))[0].name == verdict


@pytest.mark.django_db
def test_public_key_that_was_never_fetched() -> None:
    verdict, message, _ = preflight.check_public_key("https://api.kick.com", timezone.now())

    assert (verdict.name, "never fetched" in message) == ("FAIL", True)


def test_page_shows_each_check_with_its_next_step(campaign: Campaign, admin_client: Client) -> None:
    unmapped(campaign)

    page = admin_client.get(reverse("desk:preflight", args=[campaign.pk])).content.decode()

    assert "Not ready for launch. Fix the failed checks first." in page
    assert "Map each reward to the items" in page
    blocked = InlineCode()
    blocked.feed(page)
    assert blocked.found == []


def test_doctor_of_a_campaign(campaign: Campaign) -> None:
    unmapped(campaign)
    out = io.StringIO()

    with pytest.raises(SystemExit) as exit_:
        call_command("doctor", campaign=campaign.pk, stdout=out)

    assert exit_.value.code == 2
    assert "fail  rewards: This reward isn't mapped to items" in out.getvalue()


@pytest.mark.django_db
def test_doctor_of_a_campaign_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="Campaign “none” isn't registered here"):
        call_command("doctor", campaign="none", stdout=io.StringIO())
