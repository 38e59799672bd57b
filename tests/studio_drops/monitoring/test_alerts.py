"""Alerts: each finding of `doctor` reaches staff once, and again when it changes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from claims.models import Campaign
from core.checks import Finding, Verdict
from core.models import Alert, AlertMessage
from studio_drops.monitoring import notify
from studio_drops.monitoring.alerts import record_findings, run_checks
from studio_drops.monitoring.checks import check_alerts, check_launches
from studio_drops.monitoring.digest import queue_digest
from tests.chat_webhook import ChatWebhook, running_chat_webhook
from tests.factories import NOW, make_alert_message, make_campaign, make_claim, make_entitlement
from tests.hand_clock import HandClock

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
WORKER = Finding(
    "worker and scheduler", Verdict.FAIL, "No job has started for 5 min.", "Start the worker."
)
WELL = Finding("worker and scheduler", Verdict.PASS, "The last job started 3 s ago.")


@pytest.fixture
def chat(settings: Any) -> Iterator[ChatWebhook]:
    with running_chat_webhook() as running:
        settings.ALERT_WEBHOOK_URL = running.url
        yield running


def run_job(finding: Finding, *, minutes: float) -> None:
    """What the job `send_alerts` does, this long after NOW."""
    now = NOW + minutes * MINUTE
    record_findings([finding], now=now)
    notify.send_messages(clock=lambda: now)


def test_failure_is_sent_once_with_its_fix_and_a_link(chat: ChatWebhook, settings: Any) -> None:
    settings.PUBLIC_URL = "https://drops.example.com"
    for minute in range(10):
        run_job(WORKER, minutes=minute)

    assert chat.texts == [
        "[Starfall Online drops] FAIL: worker and scheduler\n"
        "No job has started for 5 min.\n"
        "→ Start the worker.\n"
        "https://drops.example.com/admin/"
    ]


def test_mapping_alert_links_to_the_page_that_fixes_it(chat: ChatWebhook) -> None:
    run_job(Finding("mapping", Verdict.FAIL, "2 claims wait.", "Map the rewards."), minutes=0)

    assert chat.texts[0].endswith("/admin/desk/mapping")


def test_warning_is_sent_only_if_it_lasts(chat: ChatWebhook) -> None:
    warning = Finding("reconcile", Verdict.WARN, "The last run was interrupted.", "Nothing to do.")
    run_job(warning, minutes=0)
    run_job(warning, minutes=4)
    assert chat.texts == []

    run_job(warning, minutes=5)
    run_job(warning, minutes=6)

    assert len(chat.texts) == 1


def test_numbers_that_change_are_no_news(chat: ChatWebhook) -> None:
    for count in range(1, 8):
        finding = Finding("reports", Verdict.FAIL, f"{count} claims.", f"Failed {count} times.")
        run_job(finding, minutes=count)

    assert len(chat.texts) == 1
    assert Alert.objects.get().message == "7 claims."


def test_another_next_step_is_news_but_never_twice(chat: ChatWebhook) -> None:
    other = Finding(WORKER.check, Verdict.FAIL, "The disk is full.", "Free some space.")
    for minute in range(12):
        run_job((WORKER, other)[minute % 2], minutes=minute)

    assert [text.splitlines()[1] for text in chat.texts] == [WORKER.message, other.message]


def test_end_is_sent_after_fifteen_quiet_minutes(chat: ChatWebhook) -> None:
    run_job(WORKER, minutes=0)
    run_job(WELL, minutes=14)
    assert len(chat.texts) == 1

    run_job(WELL, minutes=15)
    run_job(WELL, minutes=16)

    assert len(chat.texts) == 2
    assert "RESOLVED" in chat.texts[1]
    assert WELL.message in chat.texts[1]


def test_alert_that_comes_back_after_its_end_is_sent_again(chat: ChatWebhook) -> None:
    for finding, minutes in ((WORKER, 0), (WELL, 20), (WORKER, 40)):
        run_job(finding, minutes=minutes)

    assert [text.split(":")[0][-8:] for text in chat.texts] == ["ps] FAIL", "RESOLVED", "ps] FAIL"]


def test_finding_that_passes_unseen_is_never_announced_nor_resolved(chat: ChatWebhook) -> None:
    warning = Finding("reconcile", Verdict.WARN, "Interrupted.", "Nothing to do.")
    run_job(warning, minutes=0)
    run_job(Finding("reconcile", Verdict.PASS, "Up to date."), minutes=30)

    assert chat.texts == []
    assert Alert.objects.get().resolved_at


def test_nothing_is_sent_twice_in_a_day_of_faults(chat: ChatWebhook) -> None:
    """A check that fails half of the time, in a rhythm that never lets the alert end."""
    for minute in range(0, 24 * 60, 3):
        run_job(WORKER if minute % 2 else WELL, minutes=minute)

    assert len(chat.texts) == 1


def test_message_that_was_not_taken_is_sent_later(chat: ChatWebhook) -> None:
    chat.status = 503
    run_job(WORKER, minutes=0)
    message = AlertMessage.objects.get()
    assert message.error == "The webhook answered 503."

    chat.status = 200
    run_job(WORKER, minutes=2)
    run_job(WORKER, minutes=300)

    assert len(chat.texts) == 1
    message.refresh_from_db()
    assert message.sent_at
    assert message.attempts == 2


def test_retry_after_is_obeyed(chat: ChatWebhook) -> None:
    chat.status, chat.headers = 429, {"Retry-After": "1800"}
    run_job(WORKER, minutes=0)

    assert AlertMessage.objects.get().next_attempt_at >= NOW + 30 * MINUTE


def test_redirect_is_not_followed(chat: ChatWebhook) -> None:
    chat.status, chat.headers = 302, {"Location": chat.url}
    run_job(WORKER, minutes=0)

    assert AlertMessage.objects.get().error == "The webhook answered 302."
    assert chat.pings == 0


def test_message_older_than_a_day_is_given_up(chat: ChatWebhook) -> None:
    make_alert_message(created_at=NOW - timedelta(hours=25))

    assert notify.send_messages(clock=HandClock(NOW)) == 0
    assert chat.texts == []


def test_address_is_in_no_error_and_no_log(
    chat: ChatWebhook, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALERT_WEBHOOK_URL = "http://127.0.0.1:9/services/secret-path"
    run_job(WORKER, minutes=0)

    error = AlertMessage.objects.get().error
    assert error == "The webhook can't be reached (ConnectionError)."
    assert "secret-path" not in caplog.text


def test_discord_gets_its_own_field(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALERT_WEBHOOK_URL = "https://discord.com/api/webhooks/1/secret"
    bodies: list[Any] = []

    class Taken:
        ok, is_redirect = True, False

    def take(_url: str, *, json: Any, **_: Any) -> Taken:
        bodies.append(json)
        return Taken()

    monkeypatch.setattr(notify.requests, "post", take)
    notify.send(notify.Channel.WEBHOOK, subject="FAIL", text="x" * 5000)

    assert bodies[0].keys() == {"content"}
    assert len(bodies[0]["content"]) < 2000


def test_email_goes_to_every_address(settings: Any) -> None:
    settings.ALERT_EMAILS = ["ada@example.com", "bob@example.com"]
    run_job(WORKER, minutes=0)
    run_job(WORKER, minutes=1)

    (message,) = mail.outbox
    assert message.to == settings.ALERT_EMAILS
    assert message.subject == "[Starfall Online drops] FAIL: worker and scheduler"


def test_channel_that_is_set_later_hears_of_open_alerts(settings: Any) -> None:
    run_job(WORKER, minutes=0)
    assert AlertMessage.objects.count() == 0

    settings.ALERT_EMAILS = ["ada@example.com"]
    run_job(WORKER, minutes=1)

    assert len(mail.outbox) == 1


def test_digest_is_sent_once_a_day_while_a_campaign_runs(chat: ChatWebhook) -> None:
    at_night = NOW.replace(hour=7)
    campaign = make_campaign(name="Launch", starts_at=NOW - timedelta(days=2))
    make_entitlement(claim=make_claim(campaign=campaign, recorded_at=NOW, status="GRANTED"))
    queue_digest(now=at_night)
    assert AlertMessage.objects.count() == 0

    for hours in range(5):
        queue_digest(now=NOW + timedelta(hours=hours))
    notify.send_messages(clock=lambda: NOW + timedelta(hours=5))

    (text,) = chat.texts
    assert "1 claim in the last 24 hours." in text
    assert "Launch so far: 1 claimed" in text
    assert "No alert is open." in text


def test_no_digest_without_a_running_campaign(chat: ChatWebhook) -> None:
    queue_digest(now=NOW)

    assert AlertMessage.objects.count() == 0


def test_ping_reaches_the_dead_man_switch(chat: ChatWebhook, settings: Any) -> None:
    settings.ALERT_PING_URL = chat.url
    notify.ping()

    assert chat.pings == 1


def test_checks_that_call_a_platform_run_every_fifteen_minutes() -> None:
    names = {
        minute: {one.check for one in run_checks(now=NOW.replace(minute=minute))}
        for minute in (1, 15)
    }

    assert names[15] - names[1] == {"credentials"}


def test_doctor_says_when_alerts_reach_no_one(chat: ChatWebhook, settings: Any) -> None:
    settings.ALERT_WEBHOOK_URL = ""
    assert check_alerts(NOW)[0] == Verdict.WARN
    settings.DEBUG = True
    assert check_alerts(NOW)[0] == Verdict.PASS


def test_doctor_says_when_alerts_cannot_be_sent(chat: ChatWebhook) -> None:
    assert check_alerts(NOW)[0] == Verdict.PASS
    chat.status = 404
    run_job(WORKER, minutes=0)

    verdict, message, _ = check_alerts(NOW)

    assert verdict == Verdict.WARN
    assert "The webhook answered 404." in message


@pytest.mark.parametrize(("days", "verdict"), [(1, Verdict.WARN), (3, Verdict.PASS)])
def test_campaign_that_starts_soon_needs_its_rewards(days: int, verdict: Verdict) -> None:
    Campaign.objects.create(
        campaign_id="c1", name="Launch", starts_at=NOW + timedelta(days=days), created_at=NOW
    )

    assert check_launches(NOW)[0] == verdict


def test_command_sends_a_test_message(
    chat: ChatWebhook, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("test_alert")

    assert "webhook: sent" in capsys.readouterr().out
    assert chat.texts == ["Test message\nAlerts about your drops will arrive here."]


def test_command_says_why_a_test_message_was_not_sent(
    chat: ChatWebhook, capsys: pytest.CaptureFixture[str]
) -> None:
    chat.status = 403
    with pytest.raises(CommandError, match="Not every test message was sent"):
        call_command("test_alert")

    assert "The webhook answered 403." in capsys.readouterr().out


def test_command_says_that_no_channel_is_set() -> None:
    with pytest.raises(CommandError, match="ALERT_WEBHOOK_URL"):
        call_command("test_alert")
