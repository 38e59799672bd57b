"""Catch-up reads only the new end of a long list, if the order of the claims allows it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from claims import list_order, sync
from claims.models import Claim, ReconcileRun
from claims.source import Source, get_source
from claims.sync import catch_up, sweep_due_campaigns
from tests.claims.kick_claims import claims_at_kick
from tests.hand_clock import HandClock
from tests.local_kick_process import LocalKick

pytestmark = pytest.mark.django_db

OLD = 60
READINGS = [
    {"claims_order": order, "cursor": cursor, "last_cursor": last}
    for order in ("ascending", "descending")
    for cursor in ("exclusive", "inclusive", "next")
    for last in ("absent", "last")
]


@pytest.fixture
def source(local_kick: LocalKick, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Source:
    """Kick's claims, in pages of five. A list of more than three pages is long."""
    monkeypatch.setattr(sync, "PAGE_SIZE", 5)
    monkeypatch.setattr(list_order, "FEW_PAGES", 3)
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    return get_source("kick_drops")


@pytest.fixture
def clock(local_kick: LocalKick) -> HandClock:
    """The local Kick's time, which other tests have moved."""
    return HandClock(datetime.fromisoformat(local_kick.call("GET", "clock")["now"]))


def run(source: Source, clock: HandClock) -> ReconcileRun:
    made = catch_up(source=source, clock=clock, is_urgent=True)
    assert made
    return made


def grow_old(kick: LocalKick, clock: HandClock) -> None:
    """All claims so far are older than the overlap."""
    kick.advance_clock(seconds=20 * 60)
    clock.advance(timedelta(minutes=20))


@pytest.mark.parametrize("reading", READINGS, ids=lambda one: "-".join(one.values()))
def test_second_run_reads_only_the_new_end(
    local_kick: LocalKick, source: Source, clock: HandClock, reading: dict[str, str]
) -> None:
    local_kick.set_faults(**reading)
    claims_at_kick(local_kick, count=OLD)
    grow_old(local_kick, clock)
    whole = run(source, clock)
    claims_at_kick(local_kick, count=3)

    tail = run(source, clock)
    again = run(source, clock)

    assert (whole.is_tail, whole.recorded) == (False, OLD)
    assert (tail.is_tail, tail.recorded) == (True, 3)
    assert tail.seen <= 15
    assert (again.is_tail, again.recorded) == (True, 0)
    assert again.seen <= 15


@pytest.mark.parametrize("reading", READINGS[::3], ids=lambda one: "-".join(one.values()))
def test_claims_are_found_over_many_runs(
    local_kick: LocalKick, source: Source, clock: HandClock, reading: dict[str, str]
) -> None:
    local_kick.set_faults(**reading)
    claims_at_kick(local_kick, count=OLD)
    grow_old(local_kick, clock)
    for minute in range(1, 13):
        claims_at_kick(local_kick, count=minute)
        run(source, clock)
        local_kick.advance_clock(seconds=60)
        clock.advance(timedelta(minutes=1))

    assert Claim.objects.count() == OLD + sum(range(1, 13))


def test_list_without_an_order_is_read_as_a_whole(
    local_kick: LocalKick, source: Source, clock: HandClock
) -> None:
    local_kick.set_faults(claims_order="shuffled")
    claims_at_kick(local_kick, count=OLD)
    grow_old(local_kick, clock)
    first = run(source, clock)
    claims_at_kick(local_kick, count=3)

    second = run(source, clock)

    assert first.order == "NONE"
    assert (second.is_tail, second.seen) == (False, OLD + 3)


def test_order_that_changes_is_noticed(
    local_kick: LocalKick, source: Source, clock: HandClock
) -> None:
    claims_at_kick(local_kick, count=OLD)
    grow_old(local_kick, clock)
    run(source, clock)
    local_kick.set_faults(claims_order="descending")
    claims_at_kick(local_kick, count=3)

    tail, next_one = run(source, clock), run(source, clock)

    assert (tail.is_tail, tail.order) == (True, "NONE")
    assert (next_one.is_tail, next_one.seen) == (False, OLD + 3)
    assert Claim.objects.count() == OLD + 3


def test_whole_list_is_read_every_day(
    local_kick: LocalKick, source: Source, clock: HandClock
) -> None:
    claims_at_kick(local_kick, count=OLD)
    grow_old(local_kick, clock)
    run(source, clock)
    tails = []
    for _ in range(26):
        clock.advance(timedelta(hours=1))
        tails.append(run(source, clock).is_tail)

    assert tails == [True] * 23 + [False] + [True] * 2


def test_next_run_is_due_at_once_after_a_long_whole_read(
    local_kick: LocalKick, source: Source, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million open claims take twenty minutes of the request budget."""
    claims_at_kick(local_kick, count=OLD)
    grow_old(local_kick, clock)
    record_page = sync.record_page

    def slowly(*args: Any, **kwargs: Any) -> Any:
        clock.advance(timedelta(minutes=2))
        return record_page(*args, **kwargs)

    monkeypatch.setattr(sync, "record_page", slowly)
    whole = catch_up(source=source, clock=clock)
    while whole and whole.outcome != "DONE":
        whole = catch_up(source=source, clock=clock)
    monkeypatch.undo()
    monkeypatch.setattr(sync, "PAGE_SIZE", 5)
    monkeypatch.setattr(list_order, "FEW_PAGES", 3)
    claims_at_kick(local_kick, count=1)
    clock.advance(timedelta(minutes=1))

    tail = catch_up(source=source, clock=clock)

    assert whole
    assert whole.busy >= timedelta(minutes=24)
    assert tail
    assert (tail.is_tail, tail.recorded) == (True, 1)


def test_sweep_reads_everything(local_kick: LocalKick, source: Source, clock: HandClock) -> None:
    claims_at_kick(local_kick, count=OLD)
    grow_old(local_kick, clock)
    run(source, clock)

    swept = sweep_due_campaigns(source=source, clock=clock)

    assert [one.is_tail for one in swept] == [False] * len(swept)
    assert swept[-1].seen == OLD
