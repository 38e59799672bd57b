"""The one list of jobs, and everything that has to agree with it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import override_settings
from django.utils import timezone

from accounts.connection_checks import REFRESH_AUTHORIZATIONS
from accounts.models import LinkAttempt
from claims.desk import enqueue
from claims.models import QuarantinedDelivery, ReconcileRun
from claims.outages import BRINGING_CLAIMS
from studio_drops.celery import app
from studio_drops.monitoring.checks import SILENT_AFTER
from studio_drops.schedule import HEARTBEAT, JOBS, task_name
from tests.factories import make_player

OPERATORS = Path(__file__).parents[2] / "docs" / "operators"
NAMES = {job.name for job in JOBS}
TASKS = {task_name(name) for name in NAMES}
DAY = timedelta(days=1)


def test_names_are_unique() -> None:
    assert len(NAMES) == len(JOBS)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_job_has_a_period_and_a_description(job: Any) -> None:
    assert job.period > timedelta()
    assert job.description


def test_each_job_is_a_task_and_each_task_is_a_job() -> None:
    app.loader.import_default_modules()

    assert {name for name in app.tasks if name.startswith("studio_drops")} == TASKS


def test_beat_starts_each_job_with_its_period() -> None:
    started = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}

    assert started == {task_name(job.name): job.period for job in JOBS}


def test_the_desk_sends_only_tasks_that_exist() -> None:
    assert {enqueue.HEAL_CLAIMS, enqueue.RUN_BULK_JOBS, REFRESH_AUTHORIZATIONS} <= TASKS


def test_the_case_page_reads_only_leases_of_jobs() -> None:
    assert set(BRINGING_CLAIMS) <= NAMES


def test_the_heartbeat_is_a_job_that_starts_often_enough_for_doctor() -> None:
    (job,) = (job for job in JOBS if job.name == HEARTBEAT)

    assert job.period * 3 <= SILENT_AFTER


def test_alert_rules_name_only_jobs() -> None:
    rules = (OPERATORS / "alerts.yml").read_text()
    named = re.findall(r'studio_drops_\w+\{job="([^"]*)"', rules)

    assert HEARTBEAT in named
    assert set(named) <= NAMES


def test_docs_list_each_job_with_its_period_and_description() -> None:
    text = (OPERATORS / "production.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| every (.+?) \| (.+?) \|$", text, re.MULTILINE)

    assert rows == [(job.name, _in_words(job.period), job.description) for job in JOBS]


def _in_words(period: timedelta) -> str:
    units = (("day", timedelta(days=1)), ("minute", timedelta(minutes=1)))
    for unit, length in units:
        if period >= length:
            count = period // length
            return unit if count == 1 else f"{count} {unit}s"
    return f"{period.seconds} seconds"


@pytest.mark.django_db
@override_settings(RUNS_KEPT_DAYS=3, DELIVERIES_KEPT_DAYS=5)
def test_scheduled_pruning_obeys_its_settings_and_removes_what_has_expired() -> None:
    app.loader.import_default_modules()
    now, player = timezone.now(), make_player()
    for days in (2, 4, 6):
        at = now - days * DAY
        ReconcileRun.objects.create(kind="SWEEP", outcome="DONE", started_at=at, ended_at=at)
        QuarantinedDelivery.objects.create(key=str(days), body=b"", size=0, received_at=at)
    for name, expires_at in (("old", now - DAY), ("new", now + DAY)):
        Session.objects.create(session_key=name, expire_date=expires_at)
        LinkAttempt.objects.create(
            state_digest=name,
            session_digest="session",
            platform="kick",
            player=player,
            encrypted_verifier=b"",
            expires_at=expires_at,
        )

    app.tasks[app.conf.beat_schedule["prune"]["task"]].apply(throw=True)

    assert ReconcileRun.objects.count() == 1
    assert set(QuarantinedDelivery.objects.values_list("key", flat=True)) == {"2", "4"}
    assert Session.objects.get().session_key == "new"
    assert LinkAttempt.objects.get().state_digest == "new"
