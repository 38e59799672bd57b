"""Brings the ledger to what Kick's claims API says. A webhook is a hint; the API is the truth."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from claims.deliveries import keep_api_entry
from claims.ledger import Outcome, ReceivedClaim, heal_claims, record_claims
from claims.models import Claim, Delivery
from claims.registration import register_pairs
from studio_drops.kick.api import KickApi
from studio_drops.kick.payloads import ApiClaim, ClaimsPage, UnusableClaim
from studio_drops.logs import log_event

# How long a claim that the API does not show is looked up before it counts as not ours.
LOOKED_UP_FOR = timedelta(hours=24)
LOOKUPS_PER_RUN = 100
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=1)

logger = logging.getLogger(__name__)


@dataclass
class Tally:
    """What a run saw: claims, how many of them were new, changed, different, unusable."""

    seen: int = 0
    recorded: int = 0
    changed: int = 0
    differs: int = 0
    unusable: int = 0


def catch_up(*, api: KickApi, now: datetime) -> Tally:
    """Record all claims that Kick still holds against us: those it shows as `initiated`.

    Raises KickError when Kick cannot be asked; the pages before it are recorded. On a repeat:
    nothing new.
    """
    return _record_pages(api.iter_claims(external_status=Claim.ExternalStatus.INITIATED), now=now)


def confirm_claims(*, api: KickApi, now: datetime) -> int:
    """Look up, by its id, each unconfirmed claim whose next look-up is due.

    What is found is registered and recorded. What is not found for 24 hours is NOT_OURS. Raises
    KickError when Kick cannot be asked, which counts as no look-up. Returns how many were found.
    """
    due = Claim.objects.filter(next_lookup_at__lte=now).order_by("next_lookup_at")
    found = sum(_confirm(claim, api=api, now=now) for claim in due[:LOOKUPS_PER_RUN])
    if found:
        heal_claims(now=now)
    return found


def record_page(page: ClaimsPage, *, now: datetime) -> Tally:
    """Register a page's pairs, record its claims, and keep what is unusable or differs."""
    register_pairs(payloads=(claim.payload for claim in page.claims), now=now)
    recorded = record_claims(
        [_received(claim) for claim in page.claims],
        source=Claim.Source.RECONCILE,
        received_at=now,
        now=now,
    )
    outcomes = [claim.outcome for claim in recorded]
    differing = {claim.claim_id for claim in recorded if claim.outcome == Outcome.DIFFERS}
    for claim in page.claims:
        if claim.payload.claim_id in differing:
            keep_api_entry(entry=_differing(claim), verdict=Delivery.Verdict.DIFFERS, now=now)
    for entry in page.unusable:
        keep_api_entry(entry=entry, verdict=Delivery.Verdict.UNUSABLE, now=now)
    return Tally(
        seen=len(page),
        recorded=outcomes.count(Outcome.RECORDED),
        changed=outcomes.count(Outcome.CHANGED),
        differs=len(differing),
        unusable=len(page.unusable),
    )


def _record_pages(pages: Iterable[ClaimsPage], *, now: datetime) -> Tally:
    total = Tally()
    for page in pages:
        tally = record_page(page, now=now)
        for name, count in vars(tally).items():
            setattr(total, name, getattr(total, name) + count)
    log_event(logger, "reconciled", **vars(total))
    return total


def _received(claim: ApiClaim) -> ReceivedClaim:
    return ReceivedClaim(
        claim.payload,
        kick_created_at=claim.created_at,
        external_status=claim.external_status or Claim.ExternalStatus.INITIATED,
    )


def _differing(claim: ApiClaim) -> UnusableClaim:
    payload = claim.payload
    raw = json.dumps({name: getattr(payload, name) for name in payload.__slots__})
    reason = "Kick's claims API shows other contents than those that were granted."
    return UnusableClaim(claim_id=payload.claim_id, raw=raw.encode(), reason=reason)


def _confirm(claim: Claim, *, api: KickApi, now: datetime) -> bool:
    pages = list(api.iter_claims(claim_id=claim.claim_id))
    tally = _record_pages((ClaimsPage(_only(page, claim), [], "") for page in pages), now=now)
    if not tally.seen:
        _note_lookup(claim, now=now)
    return bool(tally.seen)


def _only(page: ClaimsPage, claim: Claim) -> list[ApiClaim]:
    """Were the filter ignored, the page would be full of other claims."""
    return [found for found in page.claims if found.payload.claim_id == claim.claim_id]


def _note_lookup(claim: Claim, *, now: datetime) -> None:
    delay = min(FIRST_DELAY * 2**claim.lookups, LONGEST_DELAY)
    unconfirmed = Claim.objects.filter(pk=claim.pk, hold_reason=Claim.HoldReason.UNCONFIRMED)
    if now - claim.received_at < LOOKED_UP_FOR:
        unconfirmed.update(lookups=F("lookups") + 1, next_lookup_at=now + delay)
        return
    unconfirmed.update(
        lookups=F("lookups") + 1,
        next_lookup_at=None,
        not_ours_at=now,
        hold_reason=Claim.HoldReason.NOT_OURS,
    )
