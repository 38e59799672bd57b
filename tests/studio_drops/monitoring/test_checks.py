"""What `doctor` says of a deployment, and what the metrics show of it."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Authorization, Deauthorization
from claims.api_keys import make_api_key, touch_api_key
from claims.models import Campaign, Claim, QuarantinedDelivery, ReconcileRun
from claims.webhooks.endpoints import send_test
from core.checks import Finding, Verdict, examine
from core.models import Lease
from core.request_budget import pause_requests
from studio_drops.monitoring.checks import SILENT_AFTER
from studio_drops.schedule import HEARTBEAT
from tests.claims.kick_claims import claims_at_kick
from tests.factories import (
    make_account,
    make_claim,
    make_confirmation,
    make_endpoint,
    make_entitlement,
    make_report,
)
from tests.local_kick_process import LocalKick

pytestmark = pytest.mark.django_db

NOW = timezone.now()
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def kick_app(local_kick: LocalKick, settings: Any) -> None:
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    settings.ALERT_EMAILS = ["ada@example.com"]


@pytest.fixture(autouse=True)
def healthy() -> None:
    """Worker, scheduler and catch-up have just been seen."""
    fresh = {"expires_at": NOW, "not_before": NOW, "last_began_at": NOW, "last_ended_at": NOW}
    for job in (HEARTBEAT, "catch_up:kick_drops"):
        Lease.objects.create(job=job, **fresh)


def examined() -> dict[str, Finding]:
    return {f.check: f for f in examine(now=NOW + timedelta(seconds=5))}


def verdicts() -> dict[str, str]:
    """The checks that did not pass; SQLite is no fault of a test's."""
    found = {name: finding.verdict.name for name, finding in examined().items()}
    found.pop("database")
    return {name: verdict for name, verdict in found.items() if verdict != "PASS"}


def test_examine_finds_nothing_wrong_with_a_healthy_deployment() -> None:
    assert verdicts() == {}


def hold(reason: str, **fields: Any) -> Claim:
    claim = make_claim(hold_reason=reason, **fields)
    if reason == "UNCONFIRMED":
        make_confirmation(claim)
    return claim


def stop_the_worker() -> None:
    Lease.objects.update(last_began_at=NOW - SILENT_AFTER)


def stop_the_scheduler() -> None:
    """The worker goes on healing whenever staff map a reward."""
    stop_the_worker()
    Lease.objects.update_or_create(
        job="heal_claims", defaults={"expires_at": NOW, "not_before": NOW, "last_began_at": NOW}
    )


def miss_claims(count: int = 3, *, by_webhook: int = 0) -> None:
    for number in range(count + by_webhook):
        path = "WEBHOOK" if number < by_webhook else "SYNC"
        make_claim(path=path, recorded_at=NOW, occurred_at=NOW, status="GRANTED")


def interrupt_a_run() -> None:
    ReconcileRun.objects.create(
        kind="CATCH_UP", outcome="INTERRUPTED", started_at=NOW, error="Kick is down."
    )


def leave_unreported(*, since: datetime = NOW - DAY, **fields: Any) -> None:
    claim = make_claim(status="GRANTED")
    make_entitlement(claim=claim, status="FULFILLED", fulfilled_at=since)
    make_report(claim, requested_at=since, **fields)


def keep_an_unusable_delivery(verdict: str = "UNUSABLE") -> None:
    QuarantinedDelivery.objects.create(
        verdict=verdict, key="k", body=b"x", size=1, reason="r", received_at=NOW
    )


def forget_a_deauthorization() -> None:
    Deauthorization.objects.create(
        account=make_account(),
        encrypted_refresh_token=b"",
        created_at=NOW - 2 * DAY,
        next_attempt_at=NOW,
    )


def refuse_an_authorization() -> None:
    Authorization.objects.create(
        account=make_account(),
        encrypted_refresh_token=b"",
        authorized_at=NOW - 30 * DAY,
        obtained_at=NOW - 30 * DAY,
        next_refresh_at=NOW,
        refused_since=NOW - 2 * DAY,
    )


def block_requests() -> None:
    pause_requests(
        platform="kick",
        reason="api.kick.com's protection (Cloudflare) blocks us (403).",
        retry_after=None,
        is_probe=False,
        per_minute=60,
        now=NOW - timedelta(minutes=3),
    )


def fail_at_the_claims_api() -> None:
    ReconcileRun.objects.create(
        kind="CATCH_UP",
        source="kick_drops",
        started_at=NOW,
        outcome="INTERRUPTED",
        error="api.kick.com is busy or down (500).",
        failures=3,
    )


def use_a_key(*, ends_at: datetime | None) -> None:
    api_key, _ = make_api_key(name="lobby", categories=[], ends_at=ends_at, now=NOW)
    touch_api_key(api_key=api_key, now=NOW)


def leave_a_message() -> None:
    send_test(endpoint=make_endpoint(), now=NOW - DAY)


def blank_a_category() -> None:
    make_claim()
    Campaign.objects.update(category="")


@pytest.mark.parametrize(
    ("harm", "check", "verdict"),
    [
        (block_requests, "requests", "WARN"),
        (fail_at_the_claims_api, "reconcile", "WARN"),
        (stop_the_worker, "worker and scheduler", "FAIL"),
        (stop_the_scheduler, "worker and scheduler", "FAIL"),
        (lambda: Lease.objects.update(last_ended_at=NOW - DAY), "reconcile", "WARN"),
        (lambda: Lease.objects.filter(job__startswith="catch").delete(), "reconcile", "WARN"),
        (interrupt_a_run, "reconcile", "WARN"),
        (miss_claims, "webhook", "FAIL"),
        (lambda: miss_claims(2, by_webhook=18), "webhook", "WARN"),
        (lambda: hold("UNCONFIRMED", received_at=NOW - DAY), "unconfirmed claims", "WARN"),
        (lambda: hold("UNMAPPED_REWARD"), "mapping", "WARN"),
        (leave_unreported, "reports", "WARN"),
        (lambda: leave_unreported(since=NOW, refusals=1), "reports", "WARN"),
        (keep_an_unusable_delivery, "deliveries", "WARN"),
        (lambda: keep_an_unusable_delivery("DIFFERS"), "deliveries", "WARN"),
        (blank_a_category, "campaigns", "WARN"),
        (refuse_an_authorization, "authorizations", "WARN"),
        (forget_a_deauthorization, "deauthorizations", "WARN"),
        (lambda: use_a_key(ends_at=NOW + 3 * DAY), "API keys", "WARN"),
        (
            lambda: make_endpoint(disabled_at=NOW, disabled_because="FAILING"),
            "endpoints",
            "FAIL",
        ),
        (lambda: make_endpoint(failing_since=NOW - DAY), "endpoints", "WARN"),
        (leave_a_message, "endpoints", "WARN"),
    ],
)
def test_examine_names_what_is_wrong_and_the_next_step(
    harm: Callable[[], object], check: str, verdict: str
) -> None:
    harm()

    found = examined()[check]

    assert verdicts() == {check: verdict}
    assert found.next_step.endswith(".")


def test_examine_says_that_kick_blocks_us() -> None:
    block_requests()

    found = examined()["requests"]

    assert "protection (Cloudflare) blocks us" in found.message
    assert "waiting for 3 min" in found.message


def test_examine_says_whom_to_ask_if_only_the_claims_api_fails() -> None:
    fail_at_the_claims_api()

    next_step = examined()["reconcile"].next_step

    assert "not associated with your organization" in next_step
    assert "developers@kick.com" in next_step


def test_examine_is_calm_about_what_is_nobody_s_fault() -> None:
    hold("NOT_LINKED", received_at=NOW - DAY)
    make_confirmation(hold("NOT_OURS", received_at=NOW - DAY), foreign_at=NOW)
    leave_unreported(since=NOW)
    use_a_key(ends_at=NOW + 30 * DAY)
    make_endpoint(disabled_at=NOW, disabled_because="STAFF")
    make_endpoint(failing_since=NOW)

    assert verdicts() == {}


def test_examine_tells_refused_credentials_from_an_unreachable_kick(settings: Any) -> None:
    settings.KICK_CLIENT_SECRET = "wrong"
    refused = examined()["credentials"]
    settings.KICK_ID_URL = "http://127.0.0.1:1"
    unreachable = examined()["credentials"]

    assert (refused.verdict, unreachable.verdict) == (Verdict.FAIL, Verdict.FAIL)
    assert "KICK_CLIENT_SECRET" in refused.next_step
    assert "No claim is lost" in unreachable.next_step


def test_doctor_prints_each_check_and_exits_by_the_worst(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stop_the_worker()

    with pytest.raises(SystemExit) as exit_info:
        call_command("doctor")

    printed = capsys.readouterr().out
    assert exit_info.value.code == 2
    assert "fail  worker and scheduler: No scheduled job has started" in printed
    assert "worker-and-scheduler=FAIL" in printed
    assert "app-secret" not in printed


def test_doctor_makes_one_check_alone(capsys: pytest.CaptureFixture[str]) -> None:
    stop_the_worker()

    with pytest.raises(SystemExit) as exit_info:
        call_command("doctor", "--only", "migrations")

    assert (exit_info.value.code, capsys.readouterr().out) == (
        0,
        "pass  migrations: All migrations are applied.\n",
    )


def test_metrics_show_what_is_open(client: Client) -> None:
    hold("NOT_LINKED", received_at=NOW - DAY, recorded_at=NOW)
    make_claim(
        status="GRANTED",
        recorded_at=NOW,
        granted_at=NOW,
        occurred_at=NOW - timedelta(seconds=90),
    )

    text = client.get("/metrics").content.decode()

    assert 'studio_drops_held_claims{reason="NOT_LINKED"} 1.0' in text
    assert 'studio_drops_held_claims{reason="UNCONFIRMED"} 0.0' in text
    assert 'studio_drops_recent_claims{path="WEBHOOK"} 2.0' in text
    assert "studio_drops_pending_reports 0.0" in text
    assert "studio_drops_refused_reports 0.0" in text
    assert "studio_drops_oldest_pending_report_seconds 0.0" in text
    assert "studio_drops_disconnected_links 0.0" in text
    assert 'studio_drops_recent_claim_to_grant_seconds{of="longest"} 90.0' in text
    assert 'studio_drops_job_began_seconds{job="heartbeat"}' in text
    assert 'studio_drops_job_began_seconds{job="catch_up:kick_drops"}' in text


@pytest.mark.parametrize("name", ["alerts.yml", "grafana.json"])
def test_rules_and_dashboard_name_only_metrics_that_exist(client: Client, name: str) -> None:
    rules = (Path(settings.BASE_DIR) / "docs" / "operators" / name).read_text()
    text = client.get("/metrics").content.decode()
    families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}

    named = set(re.findall(r"studio_drops_\w+", rules))

    assert named
    assert named - families == set()


def test_reconcile_command_prints_its_run(
    local_kick: LocalKick, capsys: pytest.CaptureFixture[str]
) -> None:
    claims_at_kick(local_kick, count=12)

    call_command("reconcile", "--sweep", "--since", "2020-01-01")

    printed = capsys.readouterr().out
    assert "12 claims" in printed
    assert ReconcileRun.objects.get().recorded == Claim.objects.count() == 12


def test_reconcile_command_says_when_kick_is_down(local_kick: LocalKick) -> None:
    local_kick.set_faults(api={"status": 403, "path_prefix": "/public/v1/drops/claims"})

    with pytest.raises(CommandError, match="run this command again"):
        call_command("reconcile")


def test_reconcile_command_takes_one_source_and_refuses_unknown_ones(
    local_kick: LocalKick,
) -> None:
    claims_at_kick(local_kick, count=2)

    call_command("reconcile", "--source", "kick_drops")
    with pytest.raises(CommandError, match="Sources: kick_drops"):
        call_command("reconcile", "--source", "kick_nothing")

    assert ReconcileRun.objects.get().source == "kick_drops"
    assert Claim.objects.count() == 2


def test_reconcile_command_refuses_what_is_no_date() -> None:
    with pytest.raises(CommandError, match="Invalid date"):
        call_command("reconcile", "--since", "yesterday")
