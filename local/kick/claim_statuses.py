"""Updates of `external_status`, which a studio sets through the claims API."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from .models import Claim
from .refusals import Refused


@transaction.atomic
def set_statuses(*, organization_id: int, statuses: Mapping[str, str], now: datetime) -> None:
    """Set the status of claims, by claim id.

    Raises Refused, and changes nothing, if a claim is unknown. Runs one SELECT, and one UPDATE per
    distinct status.
    """
    own = Claim.objects.filter(organization_id=organization_id)
    known = set(own.filter(claim_id__in=statuses).values_list("claim_id", flat=True))
    unknown = statuses.keys() - known
    if unknown:
        raise Refused(f"claim {min(unknown)!r} doesn't belong to this organization: omit it")
    by_status: defaultdict[str, list[str]] = defaultdict(list)
    for claim_id, status in statuses.items():
        by_status[status].append(claim_id)
    for status, claim_ids in by_status.items():
        own.filter(claim_id__in=claim_ids).update(external_status=status, updated_at=now)
