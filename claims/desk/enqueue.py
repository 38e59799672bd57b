"""Starts a scheduled task early. If that fails, the task still runs on its schedule."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from core.logs import log_event

HEAL_CLAIMS = "studio_drops.heal_claims"
RUN_BULK_JOBS = "studio_drops.run_bulk_jobs"

logger = logging.getLogger(__name__)


def heal_after_commit() -> None:
    transaction.on_commit(lambda: _wake(HEAL_CLAIMS))


def run_jobs_after_commit() -> None:
    transaction.on_commit(lambda: _wake(RUN_BULK_JOBS))


def _wake(task: str) -> None:
    try:
        current_app.send_task(task, retry=False)
    except (OperationalError, OSError) as error:
        # The schedule starts the task anyway, only later.
        log_event(logger, "wake_failed", level=logging.WARNING, error=type(error).__name__)
