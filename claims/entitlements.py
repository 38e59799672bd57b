"""Changes to entitlements: fulfilled by game servers, or revoked by ops."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import QuerySet

from claims.entitlement_ids import parse_entitlement_id
from claims.models import Claim, Entitlement
from claims.reports import request_reports
from core.deadlocks import retry_deadlock_once
from core.logs import log_event

logger = logging.getLogger(__name__)

GRANTED, FULFILLED, REVOKED = Entitlement.Status


class FulfilmentOutcome(StrEnum):
    FULFILLED = "fulfilled"
    ALREADY_FULFILLED = "already_fulfilled"
    REVOKED = "revoked"
    NOT_FOUND = "not_found"


class ReasonMissing(ValueError):
    """Revoking needs a reason. Support reads it later."""


@dataclass(frozen=True, slots=True)
class RevokedEntitlements:
    """Counts: revoked; fulfilled before, so only noted; unchanged."""

    revoked: int
    noted: int
    unchanged: int


def visible_entitlements(categories: Sequence[str]) -> QuerySet[Entitlement]:
    """Entitlements visible to a key limited to `categories`.

    Campaigns without a category are visible only to unlimited keys.
    """
    if not categories:
        return Entitlement.objects.all()
    return Entitlement.objects.filter(claim__campaign__category__in=categories)


@retry_deadlock_once
@transaction.atomic
def fulfil_entitlements(
    *,
    entitlement_ids: Sequence[str],
    fulfilment_id: str,
    categories: Sequence[str],
    now: datetime,
) -> dict[str, FulfilmentOutcome]:
    """Mark entitlements as fulfilled, and return for each id whether to deliver the item.

    Returns the outcome of each distinct id, in the order given: `fulfilled` (and again on a repeat
    with the same `fulfilment_id`), `already_fulfilled` (with another one), `revoked`, or
    `not_found`, also for malformed ids and for categories that the key can't see. When this
    fulfils a claim's last entitlement, the same transaction requests a report to its platform. At
    most three statements, for any number of ids.
    """
    keys = {text: parse_entitlement_id(text) for text in entitlement_ids}
    claim_ids = sorted({key[0] for key in keys.values() if key})
    locked = _lock_and_read(visible_entitlements(categories).filter(claim__pk__among=claim_ids))
    siblings = {(e.claim_id, e.sku): e for e in locked}
    named = {text: siblings.get(key) if key else None for text, key in keys.items()}
    outcomes = {
        text: found.outcome(fulfilment_id) if found else FulfilmentOutcome.NOT_FOUND
        for text, found in named.items()
    }
    to_fulfil = [found for found in named.values() if found and found.status == GRANTED]
    _change(to_fulfil, status=FULFILLED, fulfilled_at=now, fulfilment_id=fulfilment_id)
    _report_complete_claims(locked, now=now)
    counts = Counter(outcome.value for outcome in outcomes.values())
    log_event(logger, "fulfil", fulfilment_id=fulfilment_id, **counts)
    return outcomes


@dataclass(slots=True)
class _Sibling:
    """The columns of an entitlement that decide its outcome and its claim's."""

    pk: int
    claim_id: str
    sku: str
    status: str
    fulfilment_id: str
    revoked_at: datetime | None

    def outcome(self, fulfilment_id: str) -> FulfilmentOutcome:
        if self.status == REVOKED:
            return FulfilmentOutcome.REVOKED
        if self.status == GRANTED or self.fulfilment_id == fulfilment_id:
            return FulfilmentOutcome.FULFILLED
        return FulfilmentOutcome.ALREADY_FULFILLED


def _lock_and_read(entitlements: QuerySet[Entitlement]) -> list[_Sibling]:
    """Lock these entitlements, in key order, and read them. They must be all those of their claims.

    Without the lock, two calls that each fulfil one of two items would both see the other item as
    unfulfilled, and neither would notice that the claim is complete.
    """
    in_key_order = entitlements.order_by("pk").select_for_update(of=("self",), no_key=True)
    columns = ("pk", "claim_id", "sku", "status", "fulfilment_id", "revoked_at")
    return [_Sibling(*row) for row in in_key_order.values_list(*columns)]


def _change(entitlements: Sequence[_Sibling], *, status: str, **fields: object) -> None:
    """Update all rows with the same values. Sets the status in these objects too."""
    if not entitlements:
        return
    for entitlement in entitlements:
        entitlement.status = status
    pks = [entitlement.pk for entitlement in entitlements]
    Entitlement.objects.filter(pk__among=pks).update(status=status, **fields)


def _report_complete_claims(entitlements: Iterable[_Sibling], *, now: datetime) -> None:
    """Request reports of claims whose entitlements are all fulfilled, revoked ones left aside."""
    complete = [
        pk for pk, of_claim in _statuses(entitlements) if of_claim - {REVOKED} == {FULFILLED}
    ]
    if complete:
        request_reports(claim_ids=complete, now=now)


def _statuses(entitlements: Iterable[_Sibling]) -> Iterable[tuple[str, set[str]]]:
    """Each claim's id with the statuses of its entitlements."""
    statuses = defaultdict(set)
    for entitlement in entitlements:
        statuses[entitlement.claim_id].add(entitlement.status)
    return statuses.items()


@retry_deadlock_once
@transaction.atomic
def revoke_entitlements(
    *, entitlement_ids: Sequence[int], reason: str, now: datetime
) -> RevokedEntitlements:
    """Revoke entitlements. A repeat changes nothing, not even the reason.

    Fulfilled entitlements stay fulfilled; the time and reason are recorded on them. When all
    entitlements of a claim are revoked, the claim becomes revoked, which is final. When the rest
    are fulfilled, the claim is complete. Raises ReasonMissing for a blank reason.
    """
    if not (reason := reason.strip()):
        raise ReasonMissing
    wanted = Entitlement.objects.filter(pk__among=entitlement_ids)
    claims = Claim.objects.filter(pk__in=wanted.values("claim_id")).order_by("pk")
    claim_ids = list(claims.select_for_update(no_key=True).values_list("pk", flat=True))
    locked = _lock_and_read(Entitlement.objects.filter(claim__pk__among=claim_ids))
    siblings = {entitlement.pk: entitlement for entitlement in locked}
    chosen = [siblings[pk] for pk in dict.fromkeys(entitlement_ids) if pk in siblings]
    to_revoke = [e for e in chosen if e.status == GRANTED]
    to_note = [e for e in chosen if e.status == FULFILLED and e.revoked_at is None]
    noted = {"revoked_at": now, "revocation_reason": reason, "announced_in": None}
    _change(to_revoke, status=REVOKED, **noted)
    _change(to_note, status=FULFILLED, **noted)
    if revoked := [pk for pk, of_claim in _statuses(locked) if of_claim == {REVOKED}]:
        Claim.objects.filter(pk__among=revoked, status=Claim.Status.GRANTED).update(
            status=Claim.Status.REVOKED, revoked_at=now
        )
    _report_complete_claims(locked, now=now)
    unchanged = len(chosen) - len(to_revoke) - len(to_note)
    log_event(logger, "revoke", revoked=len(to_revoke), noted=len(to_note), unchanged=unchanged)
    return RevokedEntitlements(len(to_revoke), len(to_note), unchanged)
