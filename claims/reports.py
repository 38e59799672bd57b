"""Reports fulfilled claims to Kick. Claims are queued while two of their columns differ.

The only status we report is `processed`. It is never reverted.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from claims.models import Claim
from core.clock import Clock
from core.deadlocks import retry_deadlock_once
from core.leases import lease
from core.logs import log_event
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.errors import KickMalformed, KickRejected, KickUnavailable

BATCH_SIZE = 100
BATCHES_PER_RUN = 100
PROCESSED = Claim.ExternalStatus.PROCESSED

logger = logging.getLogger(__name__)


def write_back(*, api: KickApi, clock: Clock) -> int:
    """Set Kick's `external_status` to `processed` for all claims that are due.

    Returns the number of reported claims; 0 if another worker is already running this job. A claim
    is marked only after Kick has answered. If Kick rejects a batch, the batch is split until the
    bad claim is isolated; that claim is retried after a pause that doubles. Raises KickError if a
    call fails for another reason: the whole job is then due again after a pause. On a repeat: 0.
    """
    written = 0
    with lease(
        "write_back",
        clock=clock,
        platform_errors=(KickUnavailable, KickMalformed),
        back_off=settings.BACK_OFFS["platform"],
    ) as held:
        for _ in range(BATCHES_PER_RUN if held else 0):
            claim_ids = list(unwritten(now=clock()).values_list("pk", flat=True)[:BATCH_SIZE])
            if not (held and claim_ids):
                break
            written += _write(claim_ids, api=api, now=clock())
            held.renew()
    return written


def unwritten(*, now: datetime) -> QuerySet[Claim]:
    """Claims to report to Kick now, in key order."""
    is_due = Q(next_write_at=None) | Q(next_write_at__lte=now)
    differs = Claim.objects.exclude(external_status=F("wanted_external_status"))
    return differs.filter(is_due, wanted_external_status=PROCESSED).order_by("pk")


def _write(claim_ids: Sequence[str], *, api: KickApi, now: datetime) -> int:
    try:
        api.update_claims((claim_id, PROCESSED) for claim_id in claim_ids)
    except KickRejected as error:
        if len(claim_ids) > 1:
            middle = len(claim_ids) // 2
            halves = (claim_ids[:middle], claim_ids[middle:])
            return sum(_write(half, api=api, now=now) for half in halves)
        _note_refusal(claim_ids[0], error, now=now)
        return 0
    return _note_written(claim_ids)


@retry_deadlock_once
@transaction.atomic
def _note_written(claim_ids: Sequence[str]) -> int:
    claims = Claim.objects.filter(pk__in=claim_ids).order_by("pk").select_for_update(no_key=True)
    locked = [claim.pk for claim in claims.only("pk")]
    return Claim.objects.filter(pk__in=locked).update(
        external_status=PROCESSED, next_write_at=None, refused_writes=0
    )


def _note_refusal(claim_id: str, error: KickRejected, *, now: datetime) -> None:
    claim = Claim.objects.get(pk=claim_id)
    pause = settings.BACK_OFFS["report"].pause(claim.refused_writes + 1)
    Claim.objects.filter(pk=claim_id).update(
        refused_writes=F("refused_writes") + 1, next_write_at=now + pause
    )
    log_event(logger, "write_back_refused", logging.WARNING, claim_id=claim_id, error=str(error))
