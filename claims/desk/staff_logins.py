"""Locks a user name from an address after too many failed logins, for a while.

In the database, so that every web process knows of it. By name *and* address: a stranger who
guesses cannot lock a member of staff out of their own desk.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from claims.models import FailedLogin
from core.logs import log_event

logger = logging.getLogger(__name__)

FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
KEPT_FOR = timedelta(days=1)


def locked_until(*, user_name: str, address: str, now: datetime) -> datetime | None:
    """When this name may log in from this address again; None when it may now."""
    failed = FailedLogin.objects.filter(user_name=user_name, address=address).first()
    if failed is None or failed.failures < FAILURES_ALLOWED:
        return None
    until = failed.last_failed_at + LOCKED_FOR
    return until if now < until else None


@transaction.atomic
def note_failure(*, user_name: str, address: str, now: datetime) -> int:
    """Count a failed login; those of long ago no longer count. Returns how many in a row it is."""
    FailedLogin.objects.filter(last_failed_at__lt=now - KEPT_FOR).delete()
    row = FailedLogin.objects.filter(user_name=user_name, address=address)
    row.filter(last_failed_at__lte=now - LOCKED_FOR).update(failures=0)
    FailedLogin.objects.bulk_create(
        [FailedLogin(user_name=user_name, address=address, last_failed_at=now)],
        ignore_conflicts=True,
    )
    row.update(failures=F("failures") + 1, last_failed_at=now)
    failures = row.values_list("failures", flat=True).get()
    if failures >= FAILURES_ALLOWED:
        log_event(logger, "staff_login_locked", logging.WARNING, user=user_name, address=address)
    return failures


def note_success(*, user_name: str, address: str) -> None:
    FailedLogin.objects.filter(user_name=user_name, address=address).delete()
