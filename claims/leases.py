"""Leases: each job runs once at a time across all workers. A row has the owner and the expiry.

If a job ran twice at once, the ledger would stay correct; only calls to Kick would be wasted. So
relying on the workers' clocks is safe enough: a lease must outlast the difference between them.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import F

from claims.models import Lease
from core.pace import paced

# Longer than the slowest step between two renewals: one page, including all retries.
LASTS = timedelta(minutes=3)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Clock = Callable[[], datetime]


class LeaseLost(Exception):
    """Another worker has taken over the job: stop, and don't write anything else."""


@dataclass
class HeldLease:
    """A lease that this worker holds. `not_before`, if set, is when the job is due again."""

    job: str
    owner: str
    clock: Clock
    not_before: datetime = NEVER
    error: str = ""

    def renew(self) -> None:
        """Extend the lease by `LASTS`. Raises LeaseLost."""
        mine = Lease.objects.filter(job=self.job, owner=self.owner)
        if not mine.update(expires_at=self.clock() + paced(LASTS)):
            raise LeaseLost(f"Another worker has taken over the job {self.job}.")

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
    """Take a job's lease. Yields None if another worker has it, or if the job isn't due yet.

    With `is_urgent`, the job needn't be due. If the body raises LeaseLost, the block ends silently.
    For any other exception, the lease is released with the error's text, and the exception is
    raised again.
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
