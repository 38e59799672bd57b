"""Saving what held claims wait for wakes the healing, which the minute's sweep would do anyway."""

import logging

from django.db import transaction
from kombu.exceptions import OperationalError

from studio_drops.celery import app
from studio_drops.logs import log_event

HEAL_CLAIMS = "claims.tasks.heal_claims"

logger = logging.getLogger(__name__)


def heal_after_commit() -> None:
    transaction.on_commit(_wake)


def _wake() -> None:
    try:
        app.send_task(HEAL_CLAIMS, retry=False)
    except (OperationalError, OSError) as error:
        # Nothing is lost but time: the sweep runs every minute.
        log_event(logger, "wake_failed", level=logging.WARNING, error=type(error).__name__)
