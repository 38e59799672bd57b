"""One at a time per job, across all workers: a row with an owner and an expiry.

A job that runs twice at once does no harm to the ledger; it wastes the budget of calls to Kick. So
a lease may rest on the workers' clocks: it only has to outlast their differences.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import F

from claims.models import Lease
from core.pace import paced

# Longer than the slowest step between two renewals: a page with all its repeated calls.
LASTS = timedelta(minutes=3)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Clock = Callable[[], datetime]


class LeaseLost(Exception):
    """Somebody else has taken the job over: stop, and write nothing more."""


@dataclass
class HeldLease:
    """A lease in hand. `not_before`, if set, is when the job is due again."""

    job: str
    owner: str
    clock: Clock
    not_before: datetime = NEVER
    error: str = ""

    def renew(self) -> None:
        """Keep it for another while. Raises LeaseLost."""
        mine = Lease.objects.filter(job=self.job, owner=self.owner)
        if not mine.update(expires_at=self.clock() + paced(LASTS)):
            raise LeaseLost(f"The job {self.job} has been taken over by another worker.")

    def release(self) -> None:
        now = self.clock()
        Lease.objects.filter(job=self.job, owner=self.owner).update(
            owner="",
            expires_at=now,
            not_before=self.not_before,
            error=self.error,
            last_ended_at=F("last_ended_at") if self.error else now,
        )


@contextmanager
def lease(job: str, *, clock: Clock, is_urgent: bool = False) -> Iterator[HeldLease | None]:
    """Hold the lease of a job, or None when another worker has it or it is not due yet.

    `is_urgent`: take it although it is not due. A body that raises LeaseLost ends quietly; whatever
    else it raises is noted in the lease, which is given back.
    """
    held = _take(job, clock=clock, is_urgent=is_urgent)
    try:
        yield held
    except LeaseLost:
        return
    except BaseException as error:
        if held:
            held.error = f"{type(error).__name__}: {error}"
            held.release()
        raise
    if held:
        held.release()


def _take(job: str, *, clock: Clock, is_urgent: bool) -> HeldLease | None:
    now = clock()
    owner = uuid.uuid4().hex
    Lease.objects.bulk_create(
        [Lease(job=job, expires_at=NEVER, not_before=NEVER)], ignore_conflicts=True
    )
    free = Lease.objects.filter(job=job, expires_at__lte=now)
    due = free if is_urgent else free.filter(not_before__lte=now)
    if not due.update(owner=owner, expires_at=now + paced(LASTS), last_began_at=now):
        return None
    return HeldLease(job=job, owner=owner, clock=clock)
