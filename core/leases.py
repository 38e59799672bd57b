"""Leases: each job runs once at a time across all workers. A row has the owner and the expiry.

If a job ran twice at once, the ledger would stay correct; only calls to a platform would be wasted.
So relying on the workers' clocks is safe enough: a lease must outlast the difference between them.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import F

from core.backoff import BackOff
from core.clock import Clock
from core.models import Lease
from core.platform_errors import PlatformPaused

# A task is killed after ten minutes. A job stops well before, and goes on in the next run.
AT_A_STRETCH = timedelta(minutes=5)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class LeaseLost(Exception):
    """Another worker has taken over the job: stop, and don't write anything else."""


def no_lease() -> None:
    """The `renew` of a service that is called without a lease."""


@dataclass
class HeldLease:
    """A lease that this worker holds. `not_before`, if set, is when the job is due again."""

    job: str
    owner: str
    clock: Clock
    lasts: timedelta
    not_before: datetime = NEVER
    failures: int = 0
    error: str = ""
    platform_error: str = ""

    def renew(self) -> None:
        """Extend the lease after a step that worked. Raises LeaseLost.

        Earlier failures are forgotten: the job makes progress.
        """
        expires_at = self.clock() + self.lasts
        mine = Lease.objects.filter(job=self.job, owner=self.owner)
        if not mine.update(expires_at=expires_at, failures=0, error="", platform_error=""):
            raise LeaseLost(f"Another worker has taken over the job {self.job}.")

    def previous_failures(self) -> int:
        """The number of failures in a row before this step."""
        return Lease.objects.filter(job=self.job).values_list("failures", flat=True).get()

    def wait(self, back_off: BackOff, error: BaseException) -> None:
        """Let the job wait after a failure, at least for the error's `retry_after`."""
        self.failures = self.previous_failures() + 1
        retry_after = getattr(error, "retry_after", None)
        self.not_before = self.clock() + back_off.pause(self.failures, retry_after=retry_after)

    def wait_for_platform(self, error: PlatformPaused) -> None:
        """Let the job wait as long as the platform's pause lasts. That isn't a failure of the job.

        If only our budget is used up, the platform isn't at fault.
        """
        row = Lease.objects.filter(job=self.job).values_list("failures", "error", "platform_error")
        self.failures, self.error, self.platform_error = row.get()
        self.not_before = self.clock() + timedelta(seconds=error.retry_after or 0)
        if not error.is_ours:
            self.error = f"{type(error).__name__}: {error}"
            self.platform_error = str(error)

    def release(self) -> None:
        now = self.clock()
        Lease.objects.filter(job=self.job, owner=self.owner).update(
            owner="",
            expires_at=now,
            not_before=self.not_before,
            failures=self.failures,
            error=self.error,
            platform_error=self.platform_error,
            last_ended_at=F("last_ended_at") if self.error else now,
        )


@contextmanager
def lease(
    job: str,
    *,
    clock: Clock,
    is_urgent: bool = False,
    platform_errors: tuple[type[Exception], ...] = (),
    back_off: BackOff | None = None,
    lasts: timedelta | None = None,
) -> Iterator[HeldLease | None]:
    """Take a job's lease. Yields None if another worker has it, or if the job isn't due yet.

    With `is_urgent`, the job needn't be due. If the body raises LeaseLost, the block ends silently.
    For any other exception, the lease is released with the error's text, and the exception is
    raised again. `platform_errors` are the exceptions that mean that the platform is at fault: only
    their text is also kept as `platform_error`. With `back_off`, the job waits after an exception.
    `lasts`: how long after the last renewal another worker may take over; LEASE_LASTS by default.
    """
    lasts = lasts or settings.LEASE_LASTS
    held = _take(job, clock=clock, is_urgent=is_urgent, lasts=lasts)
    try:
        yield held
    except LeaseLost:
        return
    except PlatformPaused as error:
        if held:
            held.wait_for_platform(error)
            held.release()
        raise
    except BaseException as error:
        if held:
            held.error = f"{type(error).__name__}: {error}"
            held.platform_error = str(error) if isinstance(error, platform_errors) else ""
            if back_off:
                held.wait(back_off, error)
            held.release()
        raise
    if held:
        held.release()


def _take(job: str, *, clock: Clock, is_urgent: bool, lasts: timedelta) -> HeldLease | None:
    now = clock()
    owner = uuid.uuid4().hex
    Lease.objects.bulk_create(
        [Lease(job=job, expires_at=NEVER, not_before=NEVER)], ignore_conflicts=True
    )
    free = Lease.objects.filter(job=job, expires_at__lte=now)
    due = free if is_urgent else free.filter(not_before__lte=now)
    expires_at = now + lasts
    if not due.update(owner=owner, expires_at=expires_at, last_began_at=now):
        return None
    return HeldLease(job=job, owner=owner, clock=clock, lasts=lasts)
