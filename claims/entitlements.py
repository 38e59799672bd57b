"""What becomes of what players are owed: handed out by game servers, or taken back by ops."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import QuerySet

from claims.api.queries import visible_claims
from claims.entitlement_ids import parse_entitlement_id
from claims.models import Claim, Entitlement
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
    """Taking something back asks for a reason. Say why, for whoever reads it later."""


@dataclass(frozen=True, slots=True)
class RevokedEntitlements:
    """How many were taken back; how many, fulfilled before, were only noted; how many neither."""

    revoked: int
    noted: int
    unchanged: int


@retry_deadlock_once
@transaction.atomic
def fulfil_entitlements(
    *,
    entitlement_ids: Sequence[str],
    fulfilment_id: str,
    categories: Sequence[str],
    now: datetime,
) -> dict[str, FulfilmentOutcome]:
    """Note what a game server hands out, and say for each id whether it may.

    The outcome of each distinct id, in the order given: `fulfilled` (and again for the same
    `fulfilment_id`), `already_fulfilled` by another one, `revoked`, or `not_found`, as which
    anything that is no id, and whatever belongs to another category, counts too. A claim whose
    last entitlement this fulfils is to be shown as processed at Kick, in the same transaction.
    Four statements at most, however many ids.
    """
    keys = {text: parse_entitlement_id(text) for text in entitlement_ids}
    claims = visible_claims(categories).filter(
        pk__among=sorted({key[0] for key in keys.values() if key})
    )
    siblings = {(e.claim_id, e.sku): e for e in _lock_and_read_siblings(claims)}
    named = {text: siblings.get(key) if key else None for text, key in keys.items()}
    outcomes = {text: _outcome_for(found, fulfilment_id) for text, found in named.items()}
    to_fulfil = [found for found in named.values() if found and found.status == GRANTED]
    _change(to_fulfil, status=FULFILLED, fulfilled_at=now, fulfilment_id=fulfilment_id)
    _settle_claims(siblings.values(), now=now)
    counts = Counter(outcome.value for outcome in outcomes.values())
    log_event(logger, "fulfil", fulfilment_id=fulfilment_id, **counts)
    return outcomes


@dataclass(slots=True)
class _Sibling:
    """As much of an entitlement as decides what becomes of it and of its claim."""

    pk: int
    claim_id: str
    sku: str
    status: str
    fulfilment_id: str
    revoked_at: datetime | None


def _lock_and_read_siblings(claims: QuerySet[Claim]) -> list[_Sibling]:
    """Lock these claims, then read all of their entitlements, which no one else may change then.

    Two calls that each fulfil one of two items would otherwise both read the other item as not yet
    fulfilled, and neither would notice that the claim is complete.
    """
    in_key_order = claims.order_by("pk").select_for_update(of=("self",), no_key=True)
    claim_ids = list(in_key_order.values_list("pk", flat=True))
    siblings = Entitlement.objects.filter(claim__pk__among=claim_ids).order_by("pk")
    columns = ("pk", "claim_id", "sku", "status", "fulfilment_id", "revoked_at")
    return [_Sibling(*row) for row in siblings.values_list(*columns)]


def _outcome_for(entitlement: _Sibling | None, fulfilment_id: str) -> FulfilmentOutcome:
    if entitlement is None:
        return FulfilmentOutcome.NOT_FOUND
    if entitlement.status == REVOKED:
        return FulfilmentOutcome.REVOKED
    if entitlement.status == GRANTED or entitlement.fulfilment_id == fulfilment_id:
        return FulfilmentOutcome.FULFILLED
    return FulfilmentOutcome.ALREADY_FULFILLED


def _change(entitlements: Sequence[_Sibling], *, status: str, **fields: object) -> None:
    """Write the same to all; the status is noted in these objects, too."""
    if not entitlements:
        return
    for entitlement in entitlements:
        entitlement.status = status
    pks = [entitlement.pk for entitlement in entitlements]
    Entitlement.objects.filter(pk__among=pks).update(status=status, **fields)


def _settle_claims(entitlements: Iterable[_Sibling], *, now: datetime) -> None:
    """Follow in the claims what became of all of their entitlements."""
    statuses = defaultdict(set)
    for entitlement in entitlements:
        statuses[entitlement.claim_id].add(entitlement.status)
    _revoke_claims([pk for pk, of_claim in statuses.items() if of_claim == {REVOKED}], now=now)
    _want_processed([pk for pk, of in statuses.items() if of - {REVOKED} == {FULFILLED}])


def _revoke_claims(claim_ids: Sequence[str], *, now: datetime) -> None:
    if claim_ids:
        Claim.objects.filter(pk__among=claim_ids, status=Claim.Status.GRANTED).update(
            status=Claim.Status.REVOKED, revoked_at=now
        )


def _want_processed(claim_ids: Sequence[str]) -> None:
    """Have Kick told. It knows nothing of what was granted by hand."""
    if claim_ids:
        known_at_kick = Claim.objects.exclude(source=Claim.Source.MANUAL)
        processed = Claim.ExternalStatus.PROCESSED
        known_at_kick.filter(pk__among=claim_ids).exclude(wanted_external_status=processed).update(
            wanted_external_status=processed
        )


@retry_deadlock_once
@transaction.atomic
def revoke_entitlements(
    *, entitlement_ids: Sequence[int], reason: str, now: datetime
) -> RevokedEntitlements:
    """Take these back; on a repeat nothing changes, not even the reason.

    What a game server has handed out stays fulfilled and gets a note. A claim of which nothing is
    left is revoked, which is final; one of which only fulfilled ones are left is complete.
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
