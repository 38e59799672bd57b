"""Tells Kick what was delivered. The queue is the difference between two columns of the claims."""

import logging
from collections.abc import Sequence

from django.db.models import F

from claims.models import Claim
from studio_drops.kick.api import KickApi
from studio_drops.kick.errors import KickRejected
from studio_drops.logs import log_event

BATCH_SIZE = 100
BATCHES_PER_RUN = 50

logger = logging.getLogger(__name__)


def write_back(*, api: KickApi) -> int:
    """Set Kick's `external_status` to `processed` where it should be and is not. Returns how many.

    Nothing is noted as written before Kick has answered. A batch that Kick refuses is split until
    the one bad claim is alone. Raises KickError when Kick cannot be asked. On a repeat: 0.
    """
    written = 0
    after = ""
    for _ in range(BATCHES_PER_RUN):
        claim_ids = _to_write(after=after)
        if not claim_ids:
            break
        written += _write(claim_ids, api=api)
        after = claim_ids[-1]
    return written


def _to_write(*, after: str) -> list[str]:
    unwritten = (
        Claim.objects.filter(
            wanted_external_status=Claim.ExternalStatus.PROCESSED, claim_id__gt=after
        )
        .exclude(external_status=F("wanted_external_status"))
        .exclude(source=Claim.Source.MANUAL)
    )
    return list(unwritten.order_by("claim_id").values_list("claim_id", flat=True)[:BATCH_SIZE])


def _write(claim_ids: Sequence[str], *, api: KickApi) -> int:
    processed = Claim.ExternalStatus.PROCESSED
    try:
        api.update_claims((claim_id, processed) for claim_id in claim_ids)
    except KickRejected as error:
        if len(claim_ids) > 1:
            middle = len(claim_ids) // 2
            return _write(claim_ids[:middle], api=api) + _write(claim_ids[middle:], api=api)
        log_event(
            logger,
            "write_back_refused",
            logging.WARNING,
            claim_id=claim_ids[0],
            error=str(error),
        )
        return 0
    return Claim.objects.filter(claim_id__in=claim_ids).update(external_status=processed)
