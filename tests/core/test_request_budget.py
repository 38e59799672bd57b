"""One budget of requests for all jobs: it refills, and more urgent work comes first."""

from datetime import datetime, timedelta

import pytest

from core.request_budget import (
    Admission,
    Priority,
    admit_request,
    end_pause,
    find_pause,
    is_paused,
    pause_requests,
)
from tests.factories import NOW
from tests.threads import at_once

SECOND = timedelta(seconds=1)
PER_MINUTE = 60


def ask(priority: Priority = Priority.SYNC, *, now: datetime = NOW) -> Admission:
    return admit_request(platform="kick", priority=priority, per_minute=PER_MINUTE, now=now)


def take_all(priority: Priority, *, now: datetime = NOW) -> int:
    """Send requests until none is admitted any more. Returns their number."""
    taken = 0
    while not ask(priority, now=now).wait and taken < 500:
        taken += 1
    return taken


def pause(*, retry_after: float | None = None, is_probe: bool = False, now: datetime = NOW) -> None:
    pause_requests(
        platform="kick",
        reason="blocked",
        retry_after=retry_after,
        is_probe=is_probe,
        per_minute=PER_MINUTE,
        now=now,
    )


@pytest.mark.django_db
class TestBudget:
    def test_less_urgent_work_leaves_a_part(self) -> None:
        swept = take_all(Priority.SWEEP)
        looked_up = take_all(Priority.LOOKUP)
        synced = take_all(Priority.SYNC)

        assert (swept, looked_up, synced) == (7, 4, 2)

    def test_refills_continuously(self) -> None:
        take_all(Priority.SYNC)

        wait = ask(Priority.SYNC).wait

        assert wait < SECOND
        later = NOW + wait + SECOND / 100
        assert not ask(Priority.SYNC, now=later).wait
        assert ask(Priority.SYNC, now=later).wait

    def test_never_holds_more_than_a_quarter_of_a_minute_s_requests(self) -> None:
        take_all(Priority.SYNC)

        assert take_all(Priority.SYNC, now=NOW + timedelta(hours=1)) == 13

    def test_no_minute_has_more_than_a_tenth_above_the_setting(self) -> None:
        a_second = [take_all(Priority.SYNC, now=NOW + n * SECOND) for n in range(180)]

        minutes = [sum(a_second[start : start + 60]) for start in range(120)]

        assert max(minutes) <= 1.1 * PER_MINUTE
        assert sum(a_second) >= 0.8 * 3 * PER_MINUTE

    def test_players_are_never_refused_and_leave_half_to_the_jobs(self) -> None:
        for _ in range(200):
            assert not ask(Priority.PLAYER).wait

        assert take_all(Priority.SYNC) == 6

    def test_jobs_go_on_while_many_players_link(self) -> None:
        sent = 0
        for second in range(120):
            now = NOW + second * SECOND
            for _ in range(3):
                assert not ask(Priority.PLAYER, now=now).wait
            sent += take_all(Priority.SYNC, now=now)

        assert sent >= 0.8 * 2 * PER_MINUTE

    def test_a_clock_that_is_set_back_refills_nothing(self) -> None:
        take_all(Priority.SYNC)

        assert take_all(Priority.SYNC, now=NOW - timedelta(hours=1)) == 0


@pytest.mark.django_db
class TestPause:
    def test_holds_all_but_players_back(self) -> None:
        pause(retry_after=120)

        held = ask(now=NOW + 119 * SECOND)

        assert (held.wait, held.pause_reason) == (SECOND, "blocked")
        assert is_paused(platform="kick", now=NOW + 119 * SECOND)
        assert not ask(Priority.PLAYER, now=NOW + 119 * SECOND).wait

    def test_then_lets_one_probe_through(self) -> None:
        pause(retry_after=120)
        after = NOW + 120 * SECOND

        probe, another = ask(now=after), ask(now=after)

        assert probe.is_probe
        assert not probe.wait
        assert another.wait

    def test_grows_while_probes_fail(self) -> None:
        now, pauses = NOW, []
        pause()
        for _ in range(4):
            wait = ask(now=now).wait
            pauses.append(wait.total_seconds())
            now += wait
            assert ask(now=now).is_probe
            pause(is_probe=True, now=now)

        assert pauses == [15, 30, 60, 60]

    def test_of_ten_minutes_costs_a_dozen_probes(self) -> None:
        pause()
        probes = 0
        for second in range(600):
            now = NOW + second * SECOND
            if not (admission := ask(now=now)).wait:
                probes += 1
                pause(is_probe=admission.is_probe, now=now)

        assert probes == 11

    def test_isn_t_lengthened_by_requests_under_way(self) -> None:
        pause()
        for _ in range(10):
            pause()

        assert ask().wait == 15 * SECOND

    def test_ends_with_an_answer(self) -> None:
        pause()
        assert find_pause(platform="kick")

        end_pause(platform="kick")

        assert not ask().wait
        assert find_pause(platform="kick") is None

    def test_without_an_answer_to_the_probe_the_next_one_follows(self) -> None:
        pause(retry_after=1)
        ask(now=NOW + SECOND)

        assert ask(now=NOW + 32 * SECOND).is_probe

    def test_is_never_longer_than_a_quarter_of_an_hour(self) -> None:
        pause(retry_after=86_400)

        assert ask().wait == timedelta(minutes=15)


@pytest.mark.django_db(transaction=True)
def test_budget_is_shared_by_all_at_once() -> None:
    taken = at_once([lambda: take_all(Priority.SYNC)] * 4)

    assert sum(taken) == 13
