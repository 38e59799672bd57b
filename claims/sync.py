"""Brings the ledger to what Kick's claims API says. A webhook is a hint; the API is the truth.

*Catch-up* reads what Kick still holds against us: claims that it shows as `initiated`. A *sweep*
reads every claim of a campaign, whatever its status. Both go page by page, each page through the
one recording function, and rely on nothing that Kick leaves undocumented: what an order that shifts
hides from one run, the next one finds.

A run is a row that says where it goes on. It stops at the first call to Kick that fails (the client
has repeated it by then) and is resumed at its page when its lease is due again, after a pause that
doubles with each failure.
"""

import logging
import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from django.db.models import F, Q

from claims.claims_page import Tally, record_page
from claims.leases import Clock, HeldLease, lease
from claims.models import Campaign, Claim, ReconcileRun
from core.logs import log_event
from core.pace import paced
from platforms.kick.protocol.errors import KickError, KickUnauthorized, KickUnavailable
from platforms.kick.protocol.payloads import ApiClaim, ClaimsPage

logger = logging.getLogger(__name__)

Outcome = ReconcileRun.Outcome

PAGE_SIZE = 1000
# A catch-up that took long is due again no sooner than so many times its duration.
REST = 9
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=15)
FAILURES_BEFORE_GIVING_UP = 20
# A run makes way for others well before a task's time limit, and is resumed soon after.
AT_A_STRETCH = timedelta(minutes=5)
SWEEP_STARTS = time(3, 0, tzinfo=UTC)
SWEPT_AFTER_ITS_END = timedelta(days=7)


class ClaimsApi(Protocol):
    """As much of `KickApi` as a run needs."""

    def iter_claims(
        self,
        *,
        campaign_id: str | None = None,
        external_status: str | None = None,
        limit: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Iterator[ClaimsPage]: ...


def catch_up(*, api: ClaimsApi, clock: Clock, is_urgent: bool = False) -> ReconcileRun | None:
    """Record all claims that Kick shows as `initiated`. None when it is not due or is under way.

    Kick being unreachable ends the run as INTERRUPTED. On a repeat: nothing new.
    """
    return _run(
        ReconcileRun.Kind.CATCH_UP, campaign_id="", api=api, clock=clock, is_urgent=is_urgent
    )


def sweep(
    *, campaign_id: str, api: ClaimsApi, clock: Clock, since: datetime | None = None
) -> ReconcileRun | None:
    """Record every claim of a campaign ("" for all campaigns), whatever its status.

    `since` leaves out what was claimed before. None when it is under way elsewhere.
    """
    return _run(
        ReconcileRun.Kind.SWEEP,
        campaign_id=campaign_id,
        api=api,
        clock=clock,
        is_urgent=True,
        since=since,
    )


def sweep_due_campaigns(*, api: ClaimsApi, clock: Clock) -> list[ReconcileRun]:
    """Sweep each campaign that is due for it, once a night; resume what was interrupted."""
    runs = (
        _run(ReconcileRun.Kind.SWEEP, campaign_id=campaign_id, api=api, clock=clock)
        for campaign_id in _campaigns_to_sweep(clock())
    )
    return [run for run in runs if run is not None]


# --- Which, and when ---------------------------------------------------------------------------


def _campaigns_to_sweep(now: datetime) -> list[str]:
    """Running, in their grace period, or recently over, and not swept since last night."""
    began = Campaign.objects.filter(Q(starts_at=None) | Q(starts_at__lte=now))
    swept = ReconcileRun.objects.filter(
        kind=ReconcileRun.Kind.SWEEP, since=None, started_at__gte=_last_night(now)
    )
    ended_sweeps = swept.filter(outcome__in=[Outcome.DONE, Outcome.GIVEN_UP])
    due = began.exclude(pk__in=ended_sweeps.values("campaign_id")).order_by("pk")
    return [campaign.pk for campaign in due if not _is_long_over(campaign, now)]


def _is_long_over(campaign: Campaign, now: datetime) -> bool:
    if campaign.ends_at is None:
        return False
    return now > campaign.ends_at + timedelta(days=campaign.grace_days) + SWEPT_AFTER_ITS_END


def _last_night(now: datetime) -> datetime:
    tonight = datetime.combine(now.astimezone(UTC), SWEEP_STARTS)
    return tonight if tonight <= now else tonight - timedelta(days=1)


# --- A run -------------------------------------------------------------------------------------


def _run(
    kind: ReconcileRun.Kind,
    *,
    campaign_id: str,
    api: ClaimsApi,
    clock: Clock,
    is_urgent: bool = False,
    since: datetime | None = None,
) -> ReconcileRun | None:
    job = f"{kind.lower()}:{campaign_id}".rstrip(":")
    with lease(job, clock=clock, is_urgent=is_urgent) as held:
        if held is None:
            return None
        run = _begin_or_resume(kind, campaign_id, since, now=clock())
        began_at = clock()
        try:
            is_finished = _read_pages(run, api=api, held=held, began_at=began_at)
        except KickError as error:
            _set_aside(run, error, held=held)
        else:
            _end_or_pause(run, is_finished=is_finished, held=held)
    run.refresh_from_db()
    _log(run)
    return run


def _begin_or_resume(
    kind: ReconcileRun.Kind, campaign_id: str, since: datetime | None, *, now: datetime
) -> ReconcileRun:
    same = {"kind": kind, "campaign_id": campaign_id, "since": since}
    unfinished = ReconcileRun.objects.filter(ended_at=None, **same).order_by("-pk")
    run = unfinished.first() or ReconcileRun(started_at=now, **same)
    run.outcome = Outcome.RUNNING
    run.save()
    return run


def _read_pages(run: ReconcileRun, *, api: ClaimsApi, held: HeldLease, began_at: datetime) -> bool:
    """Whether the last page was reached; False when it has gone on for long enough."""
    noted_at = began_at
    for page in _pages(run, api=api):
        held.renew()
        tally = record_page(_since(page, run.since), now=held.clock())
        now = held.clock()
        _note_page(run, tally, cursor=page.cursor, busy=now - noted_at)
        noted_at = now
        if page.cursor and now - began_at > AT_A_STRETCH:
            return False
    return True


def _pages(run: ReconcileRun, *, api: ClaimsApi) -> Iterator[ClaimsPage]:
    is_catch_up = run.kind == ReconcileRun.Kind.CATCH_UP
    return api.iter_claims(
        campaign_id=run.campaign_id or None,
        external_status=Claim.ExternalStatus.INITIATED if is_catch_up else None,
        cursor=run.cursor or None,
        limit=PAGE_SIZE,
    )


def _since(page: ClaimsPage, since: datetime | None) -> ClaimsPage:
    def is_in(claim: ApiClaim) -> bool:
        return since is None or claim.created_at is None or claim.created_at >= since

    return ClaimsPage([claim for claim in page.claims if is_in(claim)], page.unusable, page.cursor)


def _note_page(run: ReconcileRun, tally: Tally, *, cursor: str, busy: timedelta) -> None:
    counts = {name: F(name) + count for name, count in asdict(tally).items() if count}
    run.cursor = cursor or run.cursor
    ReconcileRun.objects.filter(pk=run.pk).update(
        pages=F("pages") + 1,
        cursor=run.cursor,
        busy=F("busy") + busy,
        failures=0,
        error="",
        **counts,
    )


def _end_or_pause(run: ReconcileRun, *, is_finished: bool, held: HeldLease) -> None:
    run.refresh_from_db()
    run.outcome = Outcome.DONE if is_finished else Outcome.INTERRUPTED
    run.ended_at = held.clock() if is_finished else None
    run.save(update_fields=["outcome", "ended_at"])
    if run.ended_at and run.kind == ReconcileRun.Kind.CATCH_UP:
        held.not_before = run.ended_at + paced(REST * run.busy)


def _set_aside(run: ReconcileRun, error: KickError, *, held: HeldLease) -> None:
    """Come back later, or give up after many failures in a row without a single page."""
    run.refresh_from_db()
    run.failures += 1
    is_given_up = run.failures >= FAILURES_BEFORE_GIVING_UP
    run.outcome = Outcome.GIVEN_UP if is_given_up else Outcome.INTERRUPTED
    run.ended_at = held.clock() if is_given_up else None
    run.error = held.error = str(error)
    run.save(update_fields=["outcome", "ended_at", "failures", "error"])
    held.not_before = held.clock() + _pause(run.failures, error)


def _pause(failures: int, error: KickError) -> timedelta:
    """Doubling, with jitter; as long as Kick asks for; the longest one when it refuses our app."""
    if isinstance(error, KickUnauthorized):
        return paced(LONGEST_PAUSE)
    asked_for = error.retry_after if isinstance(error, KickUnavailable) else None
    doubled: timedelta = paced(FIRST_PAUSE) * 2 ** min(failures - 1, 10)
    jittered = doubled * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
    return min(max(jittered, timedelta(seconds=asked_for or 0)), paced(LONGEST_PAUSE))


def _log(run: ReconcileRun) -> None:
    level = logging.INFO if run.outcome == Outcome.DONE else logging.WARNING
    names = ("kind", "campaign_id", "outcome", "error", "pages", "failures", *Tally.__slots__)
    log_event(logger, "reconcile", level, **{name: getattr(run, name) for name in names})
