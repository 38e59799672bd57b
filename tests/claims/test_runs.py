"""Runs through a source's list: interrupted, resumed, and right for each reading of Kick's docs."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from claims import sync
from claims.models import Claim, QuarantinedDelivery, ReconcileRun, Report
from claims.source import Filter, Page, Source, UnusableEntry, get_source
from claims.sync import catch_up, sweep, sweep_due_campaigns
from core.models import Lease
from tests.claims.kick_claims import claims_at_kick
from tests.factories import NOW, make_campaign
from tests.hand_clock import HandClock
from tests.local_kick_process import LocalKick

pytestmark = pytest.mark.django_db

CLAIMS = 37
ORDERS = ("ascending", "descending", "created", "shuffled")
CURSORS = ("exclusive", "inclusive")
LAST_CURSORS = ("absent", "empty", "last")
READINGS = list(itertools.product(ORDERS, CURSORS, LAST_CURSORS))
PATH = "/public/v1/drops/claims"


@pytest.fixture
def source(local_kick: LocalKick, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Source:
    """Kick's claims, read in pages of ten."""
    monkeypatch.setattr(sync, "PAGE_SIZE", 10)
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    return get_source("kick_drops")


@pytest.fixture
def clock() -> HandClock:
    return HandClock(timezone.now())


def due_again(clock: HandClock) -> datetime:
    """Go on to when the catch-up is due."""
    clock.now = max(clock.now, Lease.objects.get(pk="catch_up:kick_drops").not_before)
    return clock.now


@pytest.mark.parametrize("reading", READINGS, ids="-".join)
def test_catch_up_converges_under_every_reading_of_the_documentation(
    local_kick: LocalKick, source: Source, clock: HandClock, reading: tuple[str, str, str]
) -> None:
    claims_at_kick(local_kick, count=CLAIMS)
    claims_order, cursor, last_cursor = reading
    local_kick.set_faults(claims_order=claims_order, cursor=cursor, last_cursor=last_cursor, seed=7)

    for _ in range(40 if claims_order == "shuffled" else 1):
        run = catch_up(source=source, clock=clock, is_urgent=True)
        if Claim.objects.count() == CLAIMS:
            break

    assert run
    assert run.outcome == "DONE"
    assert Claim.objects.count() == CLAIMS


@pytest.mark.parametrize("claims_order", ["ascending", "descending", "created"])
@pytest.mark.parametrize("cursor", ["exclusive", "inclusive", "next"])
@pytest.mark.parametrize("last_cursor", ["absent", "null", "empty", "last"])
@pytest.mark.parametrize(
    "pages",
    [{"page_cap": 4}, {"filter": "after"}, {"repeats": 3}, {"filter": "after", "page_cap": 3}],
    ids=str,
)
def test_catch_up_finds_every_claim_however_pages_are_cut(
    local_kick: LocalKick,
    source: Source,
    clock: HandClock,
    claims_order: str,
    cursor: str,
    last_cursor: str,
    pages: dict[str, Any],
) -> None:
    """The first two pages are all delivered: filtered afterwards, they are empty."""
    claims = claims_at_kick(local_kick, count=CLAIMS)
    delivered = sorted(one["claim_id"] for one in claims)[:20]
    source.report(delivered)
    order = {"claims_order": claims_order, "cursor": cursor, "last_cursor": last_cursor}
    local_kick.set_faults(**order, **pages)

    run = catch_up(source=source, clock=clock, is_urgent=True)

    assert run
    assert run.outcome == "DONE"
    assert Claim.objects.count() == CLAIMS - len(delivered)


def test_catch_up_interrupted_is_resumed_at_its_page(
    local_kick: LocalKick, source: Source, clock: HandClock
) -> None:
    claims_at_kick(local_kick, count=CLAIMS)
    pages = source.pages(Filter(), limit=10)
    run = ReconcileRun.objects.create(
        kind="CATCH_UP",
        source="kick_drops",
        started_at=NOW,
        outcome="INTERRUPTED",
        cursor=next(pages).cursor,
        pages=1,
    )

    resumed = catch_up(source=source, clock=clock)

    assert resumed == run
    assert (resumed.outcome, resumed.pages, resumed.seen) == ("DONE", 4, CLAIMS - 10)


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"status": 403}, {"truncate": True}, {"status": 502}],
)
def test_catch_up_set_aside_by_a_fault_keeps_its_pages_and_comes_back(
    local_kick: LocalKick, source: Source, clock: HandClock, fault: dict[str, Any]
) -> None:
    claims_at_kick(local_kick, count=CLAIMS)
    local_kick.set_faults(api={**fault, "path_prefix": PATH})
    set_aside = catch_up(source=source, clock=clock)
    at_once = catch_up(source=source, clock=clock)
    local_kick.clear_faults()
    due_again(clock)

    done = catch_up(source=source, clock=clock)

    assert set_aside
    assert (set_aside.outcome, set_aside.failures, at_once) == ("INTERRUPTED", 1, None)
    assert set_aside.error
    assert done == set_aside
    assert (done.outcome, done.error, done.recorded) == ("DONE", "", CLAIMS)


def test_catch_up_pauses_longer_each_time_and_gives_up_at_last(
    local_kick: LocalKick, source: Source, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "FAILURES_BEFORE_GIVING_UP", 4)
    local_kick.set_faults(api={"status": 403, "path_prefix": PATH})
    pauses = []
    for _ in range(4):
        began = clock.now
        run = catch_up(source=source, clock=clock)
        pauses.append(due_again(clock) - began)

    assert run
    assert (run.outcome, ReconcileRun.objects.count()) == ("GIVEN_UP", 1)
    assert pauses == sorted(pauses)
    assert catch_up(source=source, clock=clock) != run


def test_catch_up_refused_by_401_asks_for_one_new_token_and_stops(
    local_kick: LocalKick, source: Source, clock: HandClock
) -> None:
    local_kick.set_faults(api={"status": 401, "path_prefix": PATH})

    run = catch_up(source=source, clock=clock)

    assert run
    assert run.outcome == "INTERRUPTED"
    assert Lease.objects.get().not_before < clock.now + timedelta(minutes=1)
    assert Lease.objects.get().error == run.error
    assert Lease.objects.get().failures == run.failures == 1


def test_catch_up_refused_by_401_three_times_waits_for_staff(
    local_kick: LocalKick, source: Source, clock: HandClock
) -> None:
    """Kick refuses a good token now and then."""
    local_kick.set_faults(api={"status": 401, "path_prefix": PATH})
    for _ in range(3):
        catch_up(source=source, clock=clock)
        began, _ = clock.now, due_again(clock)

    assert clock.now == began + settings.BACK_OFFS["reconcile"].longest


def test_catch_up_rests_nine_times_as_long_as_it_worked(
    local_kick: LocalKick, source: Source, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the order of the list doesn't let the next run be short."""
    monkeypatch.setattr(sync, "PAGE_SIZE", 1000)
    claims_at_kick(local_kick, count=CLAIMS)
    local_kick.set_faults(claims_order="shuffled")
    record_page = sync.record_page

    def slowly(*args: Any, **kwargs: Any) -> Any:
        clock.advance(timedelta(seconds=20))
        return record_page(*args, **kwargs)

    monkeypatch.setattr(sync, "record_page", slowly)

    run = catch_up(source=source, clock=clock)

    assert run
    assert run.busy == timedelta(seconds=20)
    assert due_again(clock) == run.ended_at + timedelta(seconds=180)


def test_catch_up_makes_way_and_goes_on_later(
    local_kick: LocalKick, source: Source, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims_at_kick(local_kick, count=CLAIMS)
    monkeypatch.setattr(sync, "AT_A_STRETCH", timedelta(seconds=-1))

    outcomes = [catch_up(source=source, clock=clock).outcome for _ in range(4)]

    assert outcomes == ["INTERRUPTED", "INTERRUPTED", "INTERRUPTED", "DONE"]
    assert ReconcileRun.objects.get().seen == CLAIMS


def test_catch_up_that_lost_its_lease_stops_before_its_next_page(
    local_kick: LocalKick, source: Source, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims_at_kick(local_kick, count=CLAIMS)
    record_page = sync.record_page

    def while_another_takes_over(*args: Any, **kwargs: Any) -> Any:
        Lease.objects.update(owner="another")
        return record_page(*args, **kwargs)

    monkeypatch.setattr(sync, "record_page", while_another_takes_over)

    run = catch_up(source=source, clock=clock)

    assert run
    assert (run.pages, run.outcome) == (1, "RUNNING")
    assert Claim.objects.count() == 10


def test_catch_up_keeps_an_unusable_claim_and_records_the_rest_of_its_page(
    local_kick: LocalKick, source: Source, clock: HandClock
) -> None:
    claims_at_kick(local_kick, count=3)
    (good, *_), page = list(local_kick.claims()), next(source.pages(Filter()))
    with_it = _Scripted([replace(page, unusable=[_unusable()])])

    run = catch_up(source=with_it, clock=clock)

    assert run
    assert (run.recorded, run.unusable) == (3, 1)
    assert QuarantinedDelivery.objects.get().verdict == "UNUSABLE"
    assert Claim.objects.filter(pk=good["claim_id"]).exists()


def test_sweep_finds_what_catch_up_cannot_see_and_says_how_many(
    local_kick: LocalKick, source: Source, clock: HandClock
) -> None:
    claim, *_ = claims_at_kick(local_kick, count=CLAIMS)
    source.report(claim["claim_id"] for claim in local_kick.claims())
    clock.advance(timedelta(minutes=10))
    seen_by_catch_up = catch_up(source=source, clock=clock)

    run = sweep(campaign_id=claim["campaign_id"], source=source, clock=clock)

    assert seen_by_catch_up
    assert run
    assert (seen_by_catch_up.seen, run.recorded, run.missed) == (0, CLAIMS, CLAIMS)
    assert not Report.objects.exists()


def test_due_sweep_leaves_claims_that_another_tool_has_delivered(
    local_kick: LocalKick, source: Source, clock: HandClock
) -> None:
    delivered, *open_ones = claims_at_kick(local_kick, count=CLAIMS)
    source.report([delivered["claim_id"]])

    sweep_due_campaigns(source=source, clock=clock)
    after_due_sweeps = Claim.objects.count()
    sweep(campaign_id="", source=source, clock=clock)

    assert after_due_sweeps == len(open_ones)
    assert Claim.objects.count() == CLAIMS


def test_sweep_since_leaves_older_claims_out(
    local_kick: LocalKick, source: Source, clock: HandClock
) -> None:
    claims_at_kick(local_kick, count=3)

    run = sweep(campaign_id="", source=source, clock=clock, since=clock.now + timedelta(hours=1))

    assert run
    assert (run.pages, run.recorded) == (1, 0)


def test_sweep_due_campaigns_takes_each_once_a_night(source: Source, clock: HandClock) -> None:
    day = timedelta(days=1)
    make_campaign(campaign_id="running", starts_at=clock.now - day)
    make_campaign(campaign_id="unknown")
    make_campaign(campaign_id="future", starts_at=clock.now + 2 * day)
    make_campaign(campaign_id="grace", ends_at=clock.now - 20 * day, grace_days=14)
    make_campaign(campaign_id="over", ends_at=clock.now - 20 * day)

    tonight = sweep_due_campaigns(source=source, clock=clock)
    again = sweep_due_campaigns(source=source, clock=clock)
    clock.advance(day)
    tomorrow = sweep_due_campaigns(source=source, clock=clock)

    assert [run.campaign_id for run in tonight] == ["grace", "running", "unknown", ""]
    assert (len(again), len(tomorrow)) == (0, 3)


def test_sweep_due_campaigns_takes_all_of_them_once_a_week(
    source: Source, clock: HandClock
) -> None:
    swept = []
    for _ in range(15):
        swept.append([run.campaign_id for run in sweep_due_campaigns(source=source, clock=clock)])
        clock.advance(timedelta(days=1))

    assert [day for day, campaigns in enumerate(swept) if campaigns == [""]] == [0, 7, 14]


@pytest.mark.parametrize("status", [None, "", "delivered", "absent"])
def test_sweep_finds_open_claims_of_an_unknown_campaign_in_any_status(
    local_kick: LocalKick, source: Source, clock: HandClock, status: str | None
) -> None:
    claims_at_kick(local_kick, count=3)
    local_kick.set_faults(statuses={"initiated": status})
    caught_up = catch_up(source=source, clock=clock)

    sweep_due_campaigns(source=source, clock=clock)

    assert caught_up
    assert caught_up.seen == 0
    assert Claim.objects.count() == 3


class _Scripted(Source):
    """For a page that the local Kick never sends."""

    name = "kick_drops"

    def __init__(self, pages: list[Page]) -> None:
        self._pages = pages

    def pages(self, *_: Any, **__: Any) -> Iterator[Page]:
        return iter(self._pages)


def _unusable() -> UnusableEntry:
    return UnusableEntry(claim_id="", raw=b'{"claim_id": 1}', reason="claim_id is the number 1.")
