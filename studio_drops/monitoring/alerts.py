"""Turns findings of the checks into messages to staff: each once, and again when it changes."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from core.checks import Finding, Verdict, all_checks
from core.models import Alert
from studio_drops.monitoring.notify import channels, queue_message

# A failure is announced at once. A warning may pass without anyone's help: it has to last five
# minutes. The job runs once a minute, give or take, so that the fifth run after the first counts.
ANNOUNCED_AFTER = {Verdict.FAIL: timedelta(), Verdict.WARN: timedelta(minutes=4, seconds=30)}
RESOLVED_AFTER = timedelta(minutes=15)
PLATFORMS_CHECKED_EVERY = timedelta(minutes=15)


def run_checks(*, now: datetime) -> list[Finding]:
    """The findings of all checks. Checks that call a platform run once in 15 minutes."""
    minute = now.hour * 60 + now.minute
    is_their_turn = minute % (PLATFORMS_CHECKED_EVERY.total_seconds() // 60) == 0
    return [check(now) for check in all_checks() if is_their_turn or not check.calls_platform]


@transaction.atomic
def record_findings(findings: Iterable[Finding], *, now: datetime) -> None:
    """Open, change and resolve alerts, and queue their messages.

    Each news of an alert is announced once while the alert is open: see `fingerprint_of`. On a
    repeat: no change. A check that isn't among the findings keeps its alert.
    """
    found = {finding.check: finding for finding in findings}
    opened = {one.check_name: one for one in Alert.objects.filter(resolved_at=None)}
    for name, finding in found.items():
        alert = opened.get(name)
        if finding.verdict == Verdict.PASS:
            if alert and now - alert.last_seen_at >= RESOLVED_AFTER:
                _resolve(alert, finding, now)
            continue
        alert = _update(alert, finding, now)
        is_news = alert.fingerprint not in alert.announced
        lasted = now - alert.changed_at >= ANNOUNCED_AFTER[finding.verdict]
        if is_news and lasted and channels():
            alert.announced.append(alert.fingerprint)
            alert.save(update_fields=["announced"])
            _queue(alert, str(len(alert.announced)), finding.verdict.name, now)


def fingerprint_of(finding: Finding) -> str:
    """Equal for findings that are the same news: the verdict and the next step, without numbers."""
    return f"{finding.verdict.name} {re.sub(r'[0-9]+', '#', finding.next_step)}"


def _update(alert: Alert | None, finding: Finding, now: datetime) -> Alert:
    alert = alert or Alert(check_name=finding.check, opened_at=now)
    fingerprint = fingerprint_of(finding)
    if alert.fingerprint != fingerprint:
        alert.fingerprint, alert.changed_at = fingerprint, now
    alert.verdict = finding.verdict
    alert.message, alert.next_step = finding.message, finding.next_step
    alert.last_seen_at = now
    alert.save()
    return alert


def _resolve(alert: Alert, finding: Finding, now: datetime) -> None:
    alert.resolved_at = now
    alert.save(update_fields=["resolved_at"])
    if alert.announced:
        alert.message, alert.next_step = finding.message, ""
        _queue(alert, "resolved", _("RESOLVED"), now)


def _queue(alert: Alert, part: str, heading: str, now: datetime) -> None:
    pages = {check.name: check.page for check in all_checks()}
    link = settings.PUBLIC_URL + reverse(pages.get(alert.check_name, "admin:index"))
    subject = _("[%(game)s drops] %(heading)s: %(check)s") % {
        "game": settings.GAME_NAME,
        "heading": heading,
        "check": _(alert.check_name),
    }
    lines = [alert.message, alert.next_step and f"→ {alert.next_step}", link]
    queue_message(
        key=f"alert:{alert.pk}:{part}",
        subject=subject,
        text="\n".join(line for line in lines if line),
        now=now,
    )
