"""Stores deliveries that staff need to look at, up to a cap."""

import hashlib
from datetime import datetime

from django.db.models import F, Q, Sum, Window
from django.db.models.functions import RowNumber

from claims.models import QuarantinedDelivery
from claims.source import UnusableEntry

MAX_ROWS = 10_000
MAX_BYTES = 64 * 1024 * 1024


def quarantine_delivery(
    *,
    source: str,
    message_id: str,
    timestamp: str,
    body: bytes,
    verdict: QuarantinedDelivery.Verdict,
    claim_id: str,
    reason: str,
    now: datetime,
) -> None:
    """Store a signed webhook that is unusable, or that differs from the claim it repeats.

    On a repeat, the first delivery stays: each message ID has one row. The oldest rows are deleted
    beyond `MAX_ROWS` rows or `MAX_BYTES` of bodies.
    """
    _keep(
        QuarantinedDelivery(
            verdict=verdict,
            source=source,
            key=f"webhook:{message_id}",
            message_id=message_id,
            timestamp=timestamp,
            claim_id=claim_id,
            body=body,
            size=len(body),
            reason=reason,
            received_at=now,
        )
    )


def quarantine_entry(
    *, entry: UnusableEntry, source: str, verdict: QuarantinedDelivery.Verdict, now: datetime
) -> None:
    """Store an entry of a source's list that is unusable, or that differs from its claim.

    On a repeat, the first entry stays: equal contents share one row.
    """
    digest = hashlib.sha256(entry.raw).hexdigest()
    _keep(
        QuarantinedDelivery(
            verdict=verdict,
            source=source,
            key=f"api:{digest}",
            claim_id=entry.claim_id,
            body=entry.raw,
            size=len(entry.raw),
            reason=entry.reason,
            received_at=now,
        )
    )


def _keep(delivery: QuarantinedDelivery) -> None:
    QuarantinedDelivery.objects.bulk_create([delivery], ignore_conflicts=True)
    newest_first = F("id").desc()
    overflow = QuarantinedDelivery.objects.annotate(
        rank=Window(RowNumber(), order_by=newest_first),
        bytes_so_far=Window(Sum("size"), order_by=newest_first),
    ).filter(Q(rank__gt=MAX_ROWS) | Q(bytes_so_far__gt=MAX_BYTES))
    QuarantinedDelivery.objects.filter(pk__in=list(overflow.values_list("pk", flat=True))).delete()
