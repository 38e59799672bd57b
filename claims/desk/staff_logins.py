"""Locks logins of a user name from an address for a while after too many failures.

Many failures from one address, under any names, lock that address.

The count is in the database, so that all web processes share it. It is kept by name *and* address,
so that an attacker can't lock staff out.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Sum

from claims.models import FailedLogin
from core.logs import log_event

logger = logging.getLogger(__name__)

FAILURES_ALLOWED = 5
FAILURES_OF_AN_ADDRESS = 30
LOCKED_FOR = timedelta(minutes=15)
KEPT_FOR = timedelta(days=1)


def locked_until(*, user_name: str, address: str, now: datetime) -> datetime | None:
    """When this name may log in from this address again. None if it isn't locked."""
    recent = FailedLogin.objects.filter(address=address, last_failed_at__gt=now - LOCKED_FOR)
    of_name = recent.filter(user_name=user_name, failures__gte=FAILURES_ALLOWED).first()
    if of_name:
        return of_name.last_failed_at + LOCKED_FOR
    of_address = recent.aggregate(count=Sum("failures"), last_at=Max("last_failed_at"))
    if (of_address["count"] or 0) >= FAILURES_OF_AN_ADDRESS:
        until: datetime = of_address["last_at"] + LOCKED_FOR
        return until
    return None


@transaction.atomic
def note_failure(*, user_name: str, address: str, now: datetime) -> int:
    """Count a failed login and forget old failures. Returns the consecutive failures."""
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
