"""`/public/v1/drops/claims`: lists an organization's claims and updates their status."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from .. import clock
from ..claim_pages import ClaimFilter, read_page
from ..claim_statuses import set_statuses
from ..faults import current_plan
from ..refusals import Refused
from .answers import ok
from .bearer import read_organization_id
from .endpoint import endpoint

FILTERS = ("campaign_id", "user_id", "claim_id", "external_status")
DEFAULT_LIMIT, MAX_LIMIT = 10, 1000
MAX_STATUSES = 100
FIELDS = {"claim_id", "external_status"}


def _get_claims(request: HttpRequest) -> HttpResponse:
    organization_id = read_organization_id(request)
    wanted = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    if "user_id" in wanted and not (wanted["user_id"].isascii() and wanted["user_id"].isdigit()):
        raise Refused("user_id must be a number")
    page = read_page(
        ClaimFilter(organization_id, wanted),
        limit=_read_limit(request),
        cursor=request.GET.get("cursor", ""),
        plan=current_plan(),
    )
    return ok(page)


def _read_limit(request: HttpRequest) -> int:
    text = request.GET.get("limit") or str(DEFAULT_LIMIT)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= MAX_LIMIT):
        raise Refused(f"limit must be a number from 1 to {MAX_LIMIT}")
    return int(text)


def _patch_claims(request: HttpRequest) -> HttpResponse:
    organization_id = read_organization_id(request)
    statuses = _read_statuses(request.body)
    set_statuses(organization_id=organization_id, statuses=statuses, now=clock.now())
    return HttpResponse(status=204)


def _read_statuses(body: bytes) -> dict[str, str]:
    try:
        entries = json.loads(body)["claims"]
    except (ValueError, TypeError, LookupError) as error:
        raise Refused('the body must be {"claims": [...]}') from error
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_STATUSES:
        raise Refused(f"claims must be a list of 1 to {MAX_STATUSES}")
    return dict(map(_read_status, entries))


def _read_status(entry: Any) -> tuple[str, str]:
    """Accept exactly the two documented fields, both filled."""
    if not isinstance(entry, dict) or entry.keys() != FIELDS:
        raise Refused("each claim must have claim_id and external_status and no other field")
    if not all(map(_is_short_text, entry.values())):
        raise Refused("claim_id and external_status must be strings of 1 to 64 characters")
    return entry["claim_id"], entry["external_status"]


def _is_short_text(value: Any) -> bool:
    # `isprintable` excludes lone surrogates, which no database can store.
    return isinstance(value, str) and 0 < len(value) <= 64 and value.isprintable()


claims = endpoint(GET=_get_claims, PATCH=_patch_claims)
