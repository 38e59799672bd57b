"""One at a time per job: who holds it, who takes it over, and who has to stop."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from core.backoff import BackOff
from core.leases import LeaseLost, lease
from core.models import Lease
from core.platform_errors import PlatformPaused, PlatformUnavailable
from tests.factories import NOW
from tests.hand_clock import HandClock
from tests.races import races
from tests.threads import at_once

pytestmark = pytest.mark.django_db

LASTS = settings.LEASE_LASTS
DOWN = (PlatformUnavailable,)
BACK_OFF = BackOff(first=timedelta(seconds=10), longest=timedelta(hours=1))


@pytest.fixture
def clock() -> Iterator[HandClock]:
    return HandClock()


def test_lease_is_held_by_one_and_free_again_after(clock: HandClock) -> None:
    with (
        lease("job", clock=clock) as first,
        lease("job", clock=clock) as second,
        lease("another job", clock=clock) as other,
    ):
        assert (first is None, second is None, other is None) == (False, True, False)

    with lease("job", clock=clock) as third:
        assert third is not None


def test_lease_of_a_dead_worker_is_taken_over_once_it_has_expired(clock: HandClock) -> None:
    dead = lease("job", clock=clock)
    dead.__enter__()
    clock.advance(LASTS - timedelta(seconds=1))
    with lease("job", clock=clock) as early:
        pass
    clock.advance(timedelta(seconds=1))

    with lease("job", clock=clock) as late:
        assert (early is None, late is None) == (True, False)


def test_lease_lost_stops_its_body_and_leaves_the_new_owner_alone(clock: HandClock) -> None:
    steps = []

    with lease("job", clock=clock) as slow:
        assert slow
        clock.advance(LASTS)
        with lease("job", clock=clock) as heir:
            assert heir
            with pytest.raises(LeaseLost):
                slow.renew()
            slow.release()
            heir.renew()
            steps.append("the heir still has it")

    assert steps == ["the heir still has it"]


def test_lease_lost_ends_the_block_quietly(clock: HandClock) -> None:
    with lease("job", clock=clock) as held:
        assert held
        Lease.objects.update(owner="another")
        held.renew()
        pytest.fail("went on without its lease")


def test_lease_renewed_outlasts_its_first_expiry(clock: HandClock) -> None:
    with lease("job", clock=clock) as held:
        assert held
        for _ in range(3):
            clock.advance(LASTS / 2)
            held.renew()
        with lease("job", clock=clock) as other:
            assert other is None


def test_lease_is_not_due_before_its_time_unless_it_is_urgent(clock: HandClock) -> None:
    with lease("job", clock=clock) as held:
        assert held
        held.not_before = NOW + timedelta(minutes=9)

    with lease("job", clock=clock) as early, lease("job", clock=clock, is_urgent=True) as urgent:
        assert (early is None, urgent is None) == (True, False)


def test_lease_notes_what_went_wrong_and_is_given_back(clock: HandClock) -> None:
    with pytest.raises(ZeroDivisionError), lease("job", clock=clock):
        _ = 1 / 0

    row = Lease.objects.get()
    assert (row.error, row.owner, row.last_ended_at) == (
        "ZeroDivisionError: division by zero",
        "",
        None,
    )


class PlatformError(Exception):
    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def fail(clock: HandClock, error: Exception, *, renew: bool = False) -> Lease:
    """Run a job that fails. Returns its row."""
    one = lease("job", clock=clock, platform_errors=(PlatformError,), back_off=BACK_OFF)
    with suppress(type(error)), one as held:
        assert held, "not due"
        if renew:
            held.renew()
        raise error
    return Lease.objects.get()


def test_lease_calls_only_a_platform_s_error_one(clock: HandClock) -> None:
    ours = fail(clock, RuntimeError("a bug"))
    clock.now = ours.not_before
    platforms = fail(clock, PlatformError("It is down."))
    clock.now = platforms.not_before
    database = fail(clock, OperationalError("no connection"))

    assert (ours.error, ours.platform_error) == ("RuntimeError: a bug", "")
    assert (platforms.error, platforms.platform_error) == (
        "PlatformError: It is down.",
        "It is down.",
    )
    assert (database.error, database.platform_error) == ("OperationalError: no connection", "")


def test_lease_of_a_failing_job_waits_longer_each_time(clock: HandClock) -> None:
    pauses = []
    for _ in range(6):
        row = fail(clock, PlatformError("It is down."))
        pauses.append(row.not_before - clock.now)
        clock.now = row.not_before

    assert row.failures == 6
    assert BACK_OFF.first / 2 <= pauses[0] <= BACK_OFF.first
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 16 * BACK_OFF.first


def test_lease_waits_as_long_as_the_platform_asks(clock: HandClock) -> None:
    row = fail(clock, PlatformError("It is busy.", retry_after=120.0))

    assert row.not_before == clock.now + timedelta(seconds=120)


def test_lease_counts_failures_from_the_last_step_that_worked(clock: HandClock) -> None:
    for _ in range(3):
        clock.now = fail(clock, PlatformError("It is down.")).not_before

    row = fail(clock, PlatformError("It is down."), renew=True)

    assert row.failures == 1


def test_lease_paused_by_our_budget_keeps_no_error_of_the_platform(clock: HandClock) -> None:
    """It made progress, so the earlier failure is over."""
    with pytest.raises(PlatformUnavailable), lease("job", clock=clock, platform_errors=DOWN):
        raise PlatformUnavailable("It is down.")

    def make_progress_and_stop() -> None:
        with lease("job", clock=clock, platform_errors=DOWN) as held:
            assert held
            held.renew()
            raise PlatformPaused("No budget.", retry_after=5, is_ours=True)

    with pytest.raises(PlatformPaused):
        make_progress_and_stop()

    row = Lease.objects.get()
    assert (row.error, row.platform_error, row.failures) == ("", "", 0)
    assert row.last_ended_at == clock.now
    assert row.not_before == clock.now + timedelta(seconds=5)


def test_lease_paused_by_the_platform_says_so_and_counts_no_failure(clock: HandClock) -> None:
    with pytest.raises(PlatformPaused), lease("job", clock=clock, platform_errors=DOWN):
        raise PlatformPaused("It blocks us.", retry_after=60)

    row = Lease.objects.get()
    assert (row.platform_error, row.failures) == ("It blocks us.", 0)
    assert row.not_before == clock.now + timedelta(seconds=60)


def test_lease_of_a_job_that_worked_forgets_its_failures(clock: HandClock) -> None:
    clock.now = fail(clock, PlatformError("It is down.")).not_before

    with lease("job", clock=clock):
        pass

    row = Lease.objects.get()
    assert (row.failures, row.error, row.platform_error) == (0, "", "")
    assert row.not_before <= clock.now


@pytest.mark.django_db(transaction=True)
def test_lease_is_taken_by_one_of_many_at_once() -> None:
    for number in range(races(50)):
        job = f"job-{number}"
        # Kept, because one that nobody keeps is closed at once, which gives the lease back.
        leases = [lease(job, clock=timezone.now) for _ in range(8)]

        taken = at_once([one.__enter__ for one in leases])

        assert sum(held is not None for held in taken) == 1
