"""Pages of the claims API, with keyset pagination.

Kick's guide (https://docs.kick.com/drops/drops-guide) leaves details open, so each reading can be
chosen:

- `claims_order`: the order of claims.
- `cursor`: `exclusive` (a page's last claim; the next page starts after it), `inclusive` (a page's
  last claim; the next page repeats it first) or `next` (the next page's first claim).
- `last_cursor`: the last page's cursor is absent, empty or its last claim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat, Substr

from .faults import FaultPlan
from .models import Claim

# claim_id must come first, because it's the cursor.
COLUMNS = (
    "claim_id",
    "user_id",
    "campaign_id",
    "reward_id",
    "external_id",
    "external_status",
    "created_at",
    "updated_at",
)


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    organization_id: int
    wanted: Mapping[str, str]

    def claims(self) -> QuerySet[Claim]:
        return Claim.objects.filter(organization_id=self.organization_id, **self.wanted)


def read_page(
    claim_filter: ClaimFilter, *, limit: int, cursor: str, plan: FaultPlan
) -> dict[str, Any]:
    """Return `{"claims": [...], "cursor": "..."}` with at most `limit` claims."""
    claims = _in_order(claim_filter.claims(), cursor, plan)
    # One extra row shows whether there is another page.
    rows = list(claims.values_list(*COLUMNS)[: limit + 1])
    page = {"claims": [describe(row) for row in rows[:limit]]}
    if len(rows) > limit:
        end = rows[limit if plan.cursor == "next" else limit - 1]
        return {**page, "cursor": end[0]}
    last = rows[-1][0] if rows else cursor
    last_cursor = {"absent": None, "empty": "", "last": last}[plan.last_cursor]
    return page if last_cursor is None else {**page, "cursor": last_cursor}


def _in_order(claims: QuerySet[Claim], cursor: str, plan: FaultPlan) -> QuerySet[Claim]:
    """Return the claims in the plan's order, from the cursor on."""
    reach = "t" if plan.cursor == "exclusive" else "te"
    if plan.claims_order == "ascending":
        bound = {f"claim_id__g{reach}": cursor} if cursor else {}
        return claims.filter(**bound).order_by("claim_id")
    if plan.claims_order == "descending":
        bound = {f"claim_id__l{reach}": cursor} if cursor else {}
        return claims.filter(**bound).order_by("-claim_id")
    if plan.claims_order == "created":
        created_at = Cast("created_at", TextField())
        key = Concat(created_at, Value(" "), "claim_id", output_field=TextField())
    else:
        # The last characters of an id are random: an arbitrary, but stable order.
        key = Concat(Substr("claim_id", 26, 1), Substr("claim_id", 25, 1), "claim_id")
    keyed = claims.annotate(sort_key=key).order_by("sort_key")
    if not cursor:
        return keyed
    at = Claim.objects.filter(claim_id=cursor).annotate(sort_key=key).values("sort_key")
    return keyed.filter(**{f"sort_key__g{reach}": at})


def describe(row: Sequence[Any]) -> dict[str, Any]:
    """Return a claim as Kick's API shows it. `row` has COLUMNS. `user_id` becomes a number."""
    claim = dict(zip(COLUMNS, row, strict=True))
    claim["user_id"] = int(claim["user_id"])
    claim["created_at"] = _rfc3339(claim["created_at"])
    claim["updated_at"] = _rfc3339(claim["updated_at"])
    return claim


def _rfc3339(moment: datetime) -> str:
    """In whole seconds, UTC. Several times faster than strftime, which matters for a million."""
    return moment.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
