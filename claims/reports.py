"""Tells platforms which claims were delivered. A pending report is a row.

A report is never undone.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from claims.ledger_sql import POSTGRESQL_AMONG, SQLITE_AMONG
from claims.models import Report
from claims.source import Filter, Source, all_sources
from core.clock import Clock
from core.deadlocks import retry_deadlock_once
from core.leases import AT_A_STRETCH, lease
from core.logs import log_event
from core.platform_errors import (
    PlatformError,
    PlatformMalformed,
    PlatformPaused,
    PlatformRefused,
    PlatformUnavailable,
)
from core.sql_values import to_db

BATCH_SIZE = 100
# Refusals that may be about one claim of a batch. A 403 is about all of them.
SPLIT_AT = (0, 400, 404, 409, 413, 422)
# So often a batch may fail with a 500 before it is split.
FAILURES_BEFORE_SPLITTING = 2
# After so many bad claims and no good one, the platform is at fault.
BAD_AT_FIRST_AT_MOST = 4

logger = logging.getLogger(__name__)


# One statement, because a game server may complete a thousand claims in one call.
_REQUEST = """
    INSERT INTO claims_report (claim_id, source, requested_at, next_attempt_at)
    SELECT claim_id, source, %(now)s, %(now)s FROM claims_claim
    WHERE claim_id {among} AND source IN ({sources})
    ORDER BY claim_id
    ON CONFLICT (claim_id) DO NOTHING
"""


def request_reports(*, claim_ids: Iterable[str], now: datetime) -> None:
    """Request a report of each claim whose source wants one. On a repeat nothing changes.

    Call it inside the transaction that completes the claims.
    """
    names = [source.name for source in all_sources() if source.has_reports]
    if not names:
        return
    among = POSTGRESQL_AMONG if connection.vendor == "postgresql" else SQLITE_AMONG
    sources = {f"source_{number}": name for number, name in enumerate(names)}
    statement = _REQUEST.format(among=among, sources=", ".join(f"%({key})s" for key in sources))
    listed = json.dumps(list(claim_ids))
    with connection.cursor() as cursor:
        cursor.execute(statement, {"claim_ids": listed, "now": to_db(now), **sources})


def send_reports(*, source: Source, clock: Clock) -> int:
    """Tell a source's platform about all claims that are due.

    Returns the number of reported claims; 0 if another worker is already running this job. A claim
    is marked only after the platform has answered. If the platform refuses a batch, or keeps
    failing at it while it lists claims, the batch is split until the bad claims are isolated. A bad
    claim is retried after a pause that doubles. Raises PlatformError if a call fails for another
    reason: the whole job is then due again after a pause. On a repeat: 0.
    """
    reported, until = 0, clock() + AT_A_STRETCH
    with lease(
        f"reports:{source.name}",
        clock=clock,
        platform_errors=(PlatformUnavailable, PlatformMalformed),
        back_off=settings.BACK_OFFS["platform"],
    ) as held:
        while held and clock() < until:
            due = Report.objects.due(now=clock()).filter(source=source.name)
            claim_ids = list(due.values_list("pk", flat=True)[:BATCH_SIZE])
            if not claim_ids:
                break
            batch = _Batch(source, clock=clock, had_failures=held.previous_failures())
            reported += batch.send(claim_ids)
            held.renew()
    return reported


class _Batch:
    """Sends a batch, and splits it if a claim in it is bad."""

    def __init__(self, source: Source, *, clock: Clock, had_failures: int) -> None:
        self._source = source
        self._clock = clock
        self._had_failures = had_failures
        self._reported = 0
        self._bad: list[tuple[str, PlatformError]] = []

    def send(self, claim_ids: Sequence[str]) -> int:
        """Returns the number of reported claims. Raises PlatformError if all of them fail."""
        self._send(claim_ids)
        for claim_id, error in self._bad:
            # A platform that fails at everything makes all claims look bad.
            if isinstance(error, PlatformUnavailable) and not self._reported:
                raise error
            _set_aside(claim_id, error, now=self._clock())
        return self._reported

    def _send(self, claim_ids: Sequence[str]) -> None:
        try:
            self._source.report(claim_ids)
        except (PlatformRefused, PlatformUnavailable) as error:
            if not self._may_split(error, claim_ids):
                raise
            if len(claim_ids) > 1:
                middle = len(claim_ids) // 2
                self._send(claim_ids[:middle])
                self._send(claim_ids[middle:])
                return
            self._bad.append((claim_ids[0], error))
            is_hopeless = not self._reported and len(self._bad) >= BAD_AT_FIRST_AT_MOST
            if is_hopeless and isinstance(error, PlatformUnavailable):
                raise
        else:
            self._reported += _note_reported(claim_ids, now=self._clock())

    def _may_split(
        self, error: PlatformRefused | PlatformUnavailable, claim_ids: Sequence[str]
    ) -> bool:
        if isinstance(error, PlatformRefused):
            return error.status in SPLIT_AT
        if error.status != 500 or isinstance(error, PlatformPaused):
            return False
        if self._bad or self._reported:
            return True
        if self._had_failures < FAILURES_BEFORE_SPLITTING:
            return False
        # Raises PlatformError if the platform doesn't list claims either.
        next(iter(self._source.pages(Filter(claim_id=claim_ids[0]), limit=1)), None)
        return True


def _set_aside(claim_id: str, error: PlatformError, *, now: datetime) -> None:
    report = Report.objects.get(pk=claim_id)
    pause = settings.BACK_OFFS["report"].pause(report.refusals + 1)
    Report.objects.pending().filter(pk=report.pk).update(
        refusals=F("refusals") + 1, next_attempt_at=now + pause
    )
    log_event(logger, "report_refused", logging.WARNING, claim_id=report.pk, error=str(error))


@retry_deadlock_once
@transaction.atomic
def _note_reported(claim_ids: Sequence[str], *, now: datetime) -> int:
    reports = Report.objects.filter(pk__in=claim_ids).order_by("pk").select_for_update(no_key=True)
    locked = list(reports.values_list("pk", flat=True))
    return Report.objects.filter(pk__in=locked).update(
        reported_at=now, next_attempt_at=None, refusals=0
    )
