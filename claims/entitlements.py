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


def visible_claims(categories: Sequence[str]) -> QuerySet[Claim]:
    """Claims visible to a key limited to `categories`.

    Campaigns without a category are visible only to unlimited keys.
    """
    if not categories:
        return Claim.objects.all()
    return Claim.objects.filter(campaign__category__in=categories)


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
    most five statements, for any number of ids.
    """
    keys = {text: parse_entitlement_id(text) for text in entitlement_ids}
    claims = visible_claims(categories).filter(
        pk__among=sorted({key[0] for key in keys.values() if key})
    )
    siblings = {(e.claim_id, e.sku): e for e in _lock_and_read_siblings(claims)}
    named = {text: siblings.get(key) if key else None for text, key in keys.items()}
    outcomes = {
        text: found.outcome(fulfilment_id) if found else FulfilmentOutcome.NOT_FOUND
        for text, found in named.items()
    }
    to_fulfil = [found for found in named.values() if found and found.status == GRANTED]
    _change(to_fulfil, status=FULFILLED, fulfilled_at=now, fulfilment_id=fulfilment_id)
    _settle_claims(siblings.values(), now=now)
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


def _lock_and_read_siblings(claims: QuerySet[Claim]) -> list[_Sibling]:
    """Lock these claims, so that no one else can change their entitlements, and read those.

    Without the lock, two calls that each fulfil one of two items would both see the other item as
    unfulfilled, and neither would notice that the claim is complete.
    """
    in_key_order = claims.order_by("pk").select_for_update(of=("self",), no_key=True)
    claim_ids = list(in_key_order.values_list("pk", flat=True))
    siblings = Entitlement.objects.filter(claim__pk__among=claim_ids).order_by("pk")
    columns = ("pk", "claim_id", "sku", "status", "fulfilment_id", "revoked_at")
    return [_Sibling(*row) for row in siblings.values_list(*columns)]


def _change(entitlements: Sequence[_Sibling], *, status: str, **fields: object) -> None:
    """Update all rows with the same values. Sets the status in these objects too."""
    if not entitlements:
        return
    for entitlement in entitlements:
        entitlement.status = status
    pks = [entitlement.pk for entitlement in entitlements]
    Entitlement.objects.filter(pk__among=pks).update(status=status, **fields)


def _settle_claims(entitlements: Iterable[_Sibling], *, now: datetime) -> None:
    """Update claims of which all entitlements are now revoked or fulfilled."""
    statuses = defaultdict(set)
    for entitlement in entitlements:
        statuses[entitlement.claim_id].add(entitlement.status)
    if revoked := [pk for pk, of_claim in statuses.items() if of_claim == {REVOKED}]:
        Claim.objects.filter(pk__among=revoked, status=Claim.Status.GRANTED).update(
            status=Claim.Status.REVOKED, revoked_at=now
        )
    complete = [pk for pk, of_claim in statuses.items() if of_claim - {REVOKED} == {FULFILLED}]
    if complete:
        request_reports(claim_ids=complete, now=now)


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
    claims = Claim.objects.filter(pk__in=wanted.values("claim_id"))
    siblings = {entitlement.pk: entitlement for entitlement in _lock_and_read_siblings(claims)}
    chosen = [siblings[pk] for pk in dict.fromkeys(entitlement_ids) if pk in siblings]
    to_revoke = [e for e in chosen if e.status == GRANTED]
    to_note = [e for e in chosen if e.status == FULFILLED and e.revoked_at is None]
    _change(to_revoke, status=REVOKED, revoked_at=now, revocation_reason=reason)
    _change(to_note, status=FULFILLED, revoked_at=now, revocation_reason=reason)
    _settle_claims(siblings.values(), now=now)
    unchanged = len(chosen) - len(to_revoke) - len(to_note)
    log_event(logger, "revoke", revoked=len(to_revoke), noted=len(to_note), unchanged=unchanged)
    return RevokedEntitlements(len(to_revoke), len(to_note), unchanged)
