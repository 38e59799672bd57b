"""`/public/v1/drops/claims`: lists an organization's claims and updates their status."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from .. import clock
from ..claim_pages import ClaimFilter, read_page
from ..faults import current_plan
from ..models import Claim
from ..refusals import Refused
from .bearer import read_organization_id
from .endpoint import ok, refuse

FILTERS = ("campaign_id", "user_id", "claim_id", "external_status")
DEFAULT_LIMIT, MAX_LIMIT = 10, 1000
MAX_STATUSES = 100
FIELDS = {"claim_id", "external_status"}


def get_claims(request: HttpRequest) -> HttpResponse:
    organization_id = read_organization_id(request)
    wanted = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    if "user_id" in wanted and not (wanted["user_id"].isascii() and wanted["user_id"].isdigit()):
        raise Refused("user_id must be a number")
    limit = request.GET.get("limit") or str(DEFAULT_LIMIT)
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:5]) <= MAX_LIMIT):
        raise Refused(f"limit must be a number from 1 to {MAX_LIMIT}")
    page = read_page(
        ClaimFilter(organization_id, wanted),
        limit=int(limit),
        cursor=request.GET.get("cursor", ""),
        plan=current_plan(),
    )
    return ok(page)


def patch_claims(request: HttpRequest) -> HttpResponse:
    organization_id = read_organization_id(request)
    statuses = _read_statuses(request.body)
    if current_plan().poison in statuses:
        return refuse(request.path, 500, "the batch has the poison claim of PUT /local/faults")
    set_statuses(organization_id=organization_id, statuses=statuses, now=clock.now())
    return HttpResponse(status=204)


def _read_statuses(body: bytes) -> dict[str, str]:
    """Accept exactly the two documented fields, both filled."""
    try:
        entries = json.loads(body)["claims"]
    except (ValueError, TypeError, LookupError) as error:
        raise Refused('the body must be {"claims": [...]}') from error
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_STATUSES:
        raise Refused(f"claims must be a list of 1 to {MAX_STATUSES}")
    statuses = {}
    for entry in entries:
        if not isinstance(entry, dict) or entry.keys() != FIELDS:
            raise Refused("each claim must have claim_id and external_status and no other field")
        for value in entry.values():
            # `isprintable` excludes lone surrogates, which no database can store.
            if not (isinstance(value, str) and 0 < len(value) <= 64 and value.isprintable()):
                raise Refused("claim_id and external_status must be strings of 1 to 64 characters")
        statuses[entry["claim_id"]] = entry["external_status"]
    return statuses


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
