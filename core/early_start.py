"""Starts a scheduled task early. If that fails, the task still runs on its schedule."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from core.logs import log_event

logger = logging.getLogger(__name__)


def start_after_commit(task: str) -> None:
    transaction.on_commit(lambda: send_now(task))


def send_now(task: str) -> None:
    """Wake the worker. A failure is only logged."""
    try:
        current_app.send_task(task, retry=False)
    except (OperationalError, OSError) as error:
        # The schedule starts the task anyway, only later.
        log_event(logger, "wake_failed", level=logging.WARNING, error=type(error).__name__)
