"""Brings the ledger in line with what a source's platform lists. The list is the truth.

*Catch-up* reads the open claims: those that the platform shows as not delivered. Of a long list it
reads only the new end, where the order allows it (`claims.list_order`). A *sweep* reads every claim
of a campaign, or of all campaigns, in any status: a platform may show an open claim without a
status, or with another tool's, and in a campaign that isn't registered here.

Both record page by page through `record_claims`. They don't rely on undocumented behaviour: if the
platform's order shifts and a run misses a claim, the next run finds it.

A run is a row with the cursor to continue from. It stops at the first failed call (after the
client's own retries). It resumes at the same page when its lease is due again, after a pause that
doubles with each failure.
"""

import logging
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db.models import F

from claims.list_order import has_only_known, plan_run, watch_page
from claims.models import Campaign, ReconcileRun
from claims.source import PAGE_SIZE, Filter, Page, Source
from claims.source_page import Tally, record_page, without_unknown_delivered
from core.clock import Clock
from core.leases import HeldLease, lease
from core.logs import log_event
from core.platform_errors import (
    PlatformError,
    PlatformMalformed,
    PlatformPaused,
    PlatformUnauthorized,
    PlatformUnavailable,
)

logger = logging.getLogger(__name__)

Outcome = ReconcileRun.Outcome

FAILURES_BEFORE_GIVING_UP = 20
# Platforms refuse good tokens now and then.
UNAUTHORIZED_BELIEVED_FROM = 3
# A run pauses well before the task time limit, so that others get a turn. It resumes soon after.
AT_A_STRETCH = timedelta(minutes=5)
SWEEP_STARTS = time(3, 0, tzinfo=UTC)
SWEPT_AFTER_ITS_END = timedelta(days=7)
ALL_CAMPAIGNS = ""
ALL_SWEPT_EVERY = timedelta(days=7)


def catch_up(*, source: Source, clock: Clock, is_urgent: bool = False) -> ReconcileRun | None:
    """Record all open claims of a source.

    Returns None if no catch-up is due, or if one is already running. If the platform can't be
    reached, the run ends as INTERRUPTED. On a repeat: records nothing new.
    """
    return _run(
        ReconcileRun.Kind.CATCH_UP, campaign_id="", source=source, clock=clock, is_urgent=is_urgent
    )


def sweep(
    *, campaign_id: str, source: Source, clock: Clock, since: datetime | None = None
) -> ReconcileRun | None:
    """Record every claim of a campaign ("" for all campaigns), in any status.

    Also new claims that the platform shows as delivered: after a restore, they are missing here.
    `since` skips claims made before that time. Returns None if this sweep is already running.
    """
    return _run(
        ReconcileRun.Kind.SWEEP,
        campaign_id=campaign_id,
        source=source,
        clock=clock,
        is_urgent=True,
        since=since,
        skips_delivered=False,
    )


def sweep_due_campaigns(*, source: Source, clock: Clock) -> list[ReconcileRun]:
    """Sweep each of a source's campaigns once a night, and all of them at first and once a week.

    Skips claims that the platform shows as delivered and that aren't recorded here: another tool
    has delivered them. Resumes interrupted sweeps.
    """
    runs = (
        _run(ReconcileRun.Kind.SWEEP, campaign_id=campaign_id, source=source, clock=clock)
        for campaign_id in _campaigns_to_sweep(source.name, now=clock())
    )
    return [run for run in runs if run is not None]


# --- Campaigns that are due --------------------------------------------------------------------


def _campaigns_to_sweep(source: str, *, now: datetime) -> list[str]:
    """Campaigns that have started, ended at most 7 days ago, and weren't swept since 03:00 UTC.

    A campaign's end includes its grace period. ALL_CAMPAIGNS, if not swept for a week, comes last.
    """
    tonight = datetime.combine(now.astimezone(UTC), SWEEP_STARTS)
    last_night = tonight if tonight <= now else tonight - timedelta(days=1)
    swept = ReconcileRun.objects.filter(
        kind=ReconcileRun.Kind.SWEEP,
        source=source,
        since=None,
        outcome__in=[Outcome.DONE, Outcome.GIVEN_UP],
    )
    tonights = swept.filter(started_at__gte=last_night)
    unswept = Campaign.objects.filter(source=source).exclude(pk__in=tonights.values("campaign_id"))
    due = unswept.order_by("pk").running(now=now, or_over_for=SWEPT_AFTER_ITS_END)
    this_week = swept.filter(campaign_id=ALL_CAMPAIGNS, started_at__gt=now - ALL_SWEPT_EVERY)
    whole = [] if this_week.exists() else [ALL_CAMPAIGNS]
    return [*(campaign.pk for campaign in due), *whole]


# --- A run -------------------------------------------------------------------------------------


def _run(
    kind: ReconcileRun.Kind,
    *,
    campaign_id: str,
    source: Source,
    clock: Clock,
    is_urgent: bool = False,
    since: datetime | None = None,
    skips_delivered: bool = True,
) -> ReconcileRun | None:
    job = f"{kind.lower()}:{source.name}:{campaign_id}".rstrip(":")
    with lease(job, clock=clock, is_urgent=is_urgent) as held:
        if held is None:
            return None
        run = _begin_or_resume(kind, source, campaign_id, since, now=clock())
        began_at = clock()
        try:
            is_finished = _read_pages(
                run, source=source, held=held, began_at=began_at, skips_delivered=skips_delivered
            )
        except PlatformError as error:
            _set_aside(run, error, held=held)
        else:
            run.refresh_from_db()
            run.outcome = Outcome.DONE if is_finished else Outcome.INTERRUPTED
            run.ended_at = held.clock() if is_finished else None
            run.save(update_fields=["outcome", "ended_at"])
            # The next run of an ordered list is short, however long this one was.
            is_ordered = run.order in (ReconcileRun.Order.ASCENDING, ReconcileRun.Order.DESCENDING)
            if run.ended_at and run.kind == ReconcileRun.Kind.CATCH_UP and not is_ordered:
                held.not_before = run.ended_at + settings.CATCH_UP_REST * run.busy
    run.refresh_from_db()
    _log(run)
    return run


def _begin_or_resume(
    kind: ReconcileRun.Kind,
    source: Source,
    campaign_id: str,
    since: datetime | None,
    *,
    now: datetime,
) -> ReconcileRun:
    same = {"kind": kind, "source": source.name, "campaign_id": campaign_id, "since": since}
    unfinished = ReconcileRun.objects.filter(ended_at=None, **same).order_by("-pk")
    run = unfinished.first()
    if run is None:
        run = ReconcileRun(started_at=now, **same)
        if kind == ReconcileRun.Kind.CATCH_UP:
            plan_run(run, source=source, now=now)
    run.outcome = Outcome.RUNNING
    run.save()
    return run


def _read_pages(
    run: ReconcileRun,
    *,
    source: Source,
    held: HeldLease,
    began_at: datetime,
    skips_delivered: bool,
) -> bool:
    """Record page by page. Returns True after the last page, False if it paused before."""
    is_catch_up = run.kind == ReconcileRun.Kind.CATCH_UP
    wanted = Filter(campaign_id=run.campaign_id, is_open=is_catch_up)
    noted_at, since = began_at, run.since
    previous_id = run.cursor if run.order == ReconcileRun.Order.ASCENDING else ""
    for page in source.pages(wanted, cursor=run.cursor, limit=PAGE_SIZE):
        held.renew()
        awards = [
            one
            for one in page.awards
            if since is None or one.occurred_at is None or one.occurred_at >= since
        ]
        if skips_delivered:
            awards = without_unknown_delivered(awards)
        wanted_page = Page(awards, page.unusable, page.cursor)
        tally = record_page(wanted_page, source=source.name, now=held.clock())
        now = held.clock()
        if is_catch_up:
            previous_id = watch_page(run, page, previous_id=previous_id, source=source, now=now)
        _note_page(run, tally, cursor=page.cursor, busy=now - noted_at)
        noted_at = now
        if is_catch_up and has_only_known(run, page, recorded=tally.recorded, source=source):
            return True
        if page.cursor and now - began_at > AT_A_STRETCH:
            return False
    return True


def _note_page(run: ReconcileRun, tally: Tally, *, cursor: str, busy: timedelta) -> None:
    counts = {name: F(name) + count for name, count in asdict(tally).items() if count}
    run.cursor = cursor or run.cursor
    ReconcileRun.objects.filter(pk=run.pk).update(
        pages=F("pages") + 1,
        cursor=run.cursor,
        busy=F("busy") + busy,
        order=run.order,
        tail_cursor=run.tail_cursor,
        failures=0,
        error="",
        **counts,
    )


def _set_aside(run: ReconcileRun, error: PlatformError, *, held: HeldLease) -> None:
    """Retry later, or stop for good after 20 failures in a row without a single page."""
    run.refresh_from_db()
    if isinstance(error, PlatformPaused):
        held.wait_for_platform(error)
        run.outcome = Outcome.INTERRUPTED
        run.error = held.error
        run.save(update_fields=["outcome", "error"])
        return
    run.failures += 1
    held.failures = run.failures
    is_given_up = run.failures >= FAILURES_BEFORE_GIVING_UP
    run.outcome = Outcome.GIVEN_UP if is_given_up else Outcome.INTERRUPTED
    run.ended_at = held.clock() if is_given_up else None
    run.error = held.error = str(error)
    run.save(update_fields=["outcome", "ended_at", "failures", "error"])
    if isinstance(error, (PlatformUnavailable, PlatformMalformed)):
        held.platform_error = str(error)
    back_off = settings.BACK_OFFS["reconcile"]
    if isinstance(error, PlatformUnauthorized) and run.failures >= UNAUTHORIZED_BELIEVED_FROM:
        pause = back_off.longest  # our credentials are wrong: retrying soon is no use
    else:
        retry_after = error.retry_after if isinstance(error, PlatformUnavailable) else None
        pause = back_off.pause(run.failures, retry_after=retry_after)
    held.not_before = held.clock() + pause


def _log(run: ReconcileRun) -> None:
    level = logging.INFO if run.outcome == Outcome.DONE else logging.WARNING
    names = (
        "kind",
        "source",
        "campaign_id",
        "outcome",
        "error",
        "pages",
        "failures",
        *Tally.__slots__,
    )
    log_event(logger, "reconcile", level, **{name: getattr(run, name) for name in names})
