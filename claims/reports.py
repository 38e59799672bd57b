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
from claims.source import Source, all_sources
from core.clock import Clock
from core.deadlocks import retry_deadlock_once
from core.leases import AT_A_STRETCH, lease
from core.logs import log_event
from core.platform_errors import PlatformMalformed, PlatformRefused, PlatformUnavailable
from core.sql_values import to_db

BATCH_SIZE = 100

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
    is marked only after the platform has answered. If the platform refuses a batch, the batch is
    split until the bad claim is isolated; that claim is retried after a pause that doubles. Raises
    PlatformError if a call fails for another reason: the whole job is then due again after a pause.
    On a repeat: 0.
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
            reported += _send(claim_ids, source=source, clock=clock)
            held.renew()
    return reported


def _send(claim_ids: Sequence[str], *, source: Source, clock: Clock) -> int:
    try:
        source.report(claim_ids)
    except PlatformRefused as error:
        if len(claim_ids) > 1:
            middle = len(claim_ids) // 2
            halves = (claim_ids[:middle], claim_ids[middle:])
            return sum(_send(half, source=source, clock=clock) for half in halves)
        report = Report.objects.get(pk=claim_ids[0])
        pause = settings.BACK_OFFS["report"].pause(report.refusals + 1)
        Report.objects.pending().filter(pk=report.pk).update(
            refusals=F("refusals") + 1, next_attempt_at=clock() + pause
        )
        log_event(logger, "report_refused", logging.WARNING, claim_id=report.pk, error=str(error))
        return 0
    return _note_reported(claim_ids, now=clock())


@retry_deadlock_once
@transaction.atomic
def _note_reported(claim_ids: Sequence[str], *, now: datetime) -> int:
    reports = Report.objects.filter(pk__in=claim_ids).order_by("pk").select_for_update(no_key=True)
    locked = list(reports.values_list("pk", flat=True))
    return Report.objects.filter(pk__in=locked).update(
        reported_at=now, next_attempt_at=None, refusals=0
    )
