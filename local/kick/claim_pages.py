"""Pages of the claims API, with keyset pagination.

Kick's guide (https://docs.kick.com/drops/drops-guide) leaves details open, so each reading can be
chosen:

- `claims_order`: the order of claims.
- `cursor`: `exclusive` (a page's last claim; the next page starts after it), `inclusive` (a page's
  last claim; the next page repeats it first) or `next` (the next page's first claim).
- `last_cursor`: the last page's cursor is absent, null, empty or its last claim.
- `filter`: `before` or `after` a page is cut. After it, pages may be short or empty.
- `page_cap`: at most this many claims a page, whatever the `limit`. 0: no cap.
- `repeats`: each page begins with so many of the previous page's last claims.
- `statuses`: what claims show instead of a status: null, "", another word or "absent" for none.
  Such a claim isn't found by a filter for its real status.
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

    def all_claims(self) -> QuerySet[Claim]:
        return Claim.objects.filter(organization_id=self.organization_id)

    def claims(self) -> QuerySet[Claim]:
        return self.all_claims().filter(**self.wanted)


def read_page(
    claim_filter: ClaimFilter, *, limit: int, cursor: str, plan: FaultPlan
) -> dict[str, Any]:
    """Return `{"claims": [...], "cursor": "..."}` with at most `limit` claims."""
    limit = min(limit, plan.page_cap or limit)
    filters_after = plan.filter == "after"
    if claim_filter.wanted.get("external_status") in plan.statuses:
        return {"claims": []}
    claims = claim_filter.all_claims() if filters_after else claim_filter.claims()
    # One extra row shows whether there is another page.
    rows = list(_in_order(claims, cursor, plan).values_list(*COLUMNS)[: limit + 1])
    rows_shown = [*_repeated(claims, cursor, plan), *rows[:limit]]
    shown = [_with_status(describe(row), plan) for row in rows_shown]
    if filters_after:
        wanted = claim_filter.wanted
        shown = [one for one in shown if all(str(one.get(key)) == wanted[key] for key in wanted)]
    page = {"claims": shown}
    if len(rows) > limit:
        end = rows[limit if plan.cursor == "next" else limit - 1]
        return {**page, "cursor": end[0]}
    last = rows[-1][0] if rows else cursor
    if plan.last_cursor == "absent":
        return page
    return {**page, "cursor": {"null": None, "empty": "", "last": last}[plan.last_cursor]}


def _with_status(claim: dict[str, Any], plan: FaultPlan) -> dict[str, Any]:
    if claim["external_status"] in plan.statuses:
        claim["external_status"] = plan.statuses[claim["external_status"]]
        if claim["external_status"] == "absent":
            del claim["external_status"]
    return claim


def _repeated(claims: QuerySet[Claim], cursor: str, plan: FaultPlan) -> list[Any]:
    """The last claims before the cursor, for the orders in which ids rise or fall."""
    if not cursor or not plan.repeats:
        return []
    if plan.claims_order == "descending":
        before = claims.filter(claim_id__gte=cursor).order_by("claim_id")
    else:
        before = claims.filter(claim_id__lte=cursor).order_by("-claim_id")
    return list(before.values_list(*COLUMNS)[: plan.repeats])


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
