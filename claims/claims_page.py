"""Records one page of Kick's claims API."""

import json
from collections import Counter
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from claims.catalogue import discover
from claims.ledger import Outcome, ReceivedClaim, RecordedClaim, record_claims
from claims.models import Claim, QuarantinedDelivery
from claims.quarantine import quarantine_api_entry
from claims.settled import find_unsettled
from platforms.kick.protocol.payloads import ApiClaim, ClaimsPage, UnusableClaim

# A new claim older than this counts as missed: no webhook and no catch-up delivered it in time.
IN_TIME = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts for a page. `granted` and `held` count only new and changed claims."""

    seen: int = 0
    recorded: int = 0
    granted: int = 0
    held: int = 0
    differs: int = 0
    unusable: int = 0
    missed: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return Tally(**sums)


def record_page(page: ClaimsPage, *, now: datetime) -> Tally:
    """Register a page's campaigns and rewards, record its claims, and store bad entries.

    Bad entries are those that are unusable or differ from the recorded claim. They don't stop the
    rest of the page. On a repeat: nothing changes.
    """
    discover(payloads=(claim.payload for claim in page.claims), now=now)
    unsettled = find_unsettled(page.claims)
    recorded = record_claims(
        [_received(claim) for claim in unsettled],
        source=Claim.Source.RECONCILE,
        received_at=now,
        now=now,
    )
    new = {claim.claim_id for claim in recorded if claim.outcome == Outcome.RECORDED}
    differing = {claim.claim_id for claim in recorded if claim.outcome == Outcome.DIFFERS}
    _keep_for_ops(page, differing=differing, now=now)
    written = Counter(claim.status for claim in recorded if _is_written(claim))
    return Tally(
        seen=len(page),
        recorded=len(new),
        granted=written[Claim.Status.GRANTED],
        held=written[Claim.Status.HELD],
        differs=len(differing),
        unusable=len(page.unusable),
        missed=sum(
            _is_late(claim, now=now) for claim in unsettled if claim.payload.claim_id in new
        ),
    )


def _received(claim: ApiClaim) -> ReceivedClaim:
    return ReceivedClaim(
        claim.payload,
        occurred_at=claim.created_at,
        external_status=claim.external_status or Claim.ExternalStatus.INITIATED,
    )


def _is_written(claim: RecordedClaim) -> bool:
    return claim.outcome in {Outcome.RECORDED, Outcome.CHANGED}


def _is_late(claim: ApiClaim, *, now: datetime) -> bool:
    return claim.created_at is None or claim.created_at < now - IN_TIME


def _keep_for_ops(page: ClaimsPage, *, differing: set[str], now: datetime) -> None:
    for claim in page.claims:
        if claim.payload.claim_id in differing:
            quarantine_api_entry(
                entry=_differing(claim), verdict=QuarantinedDelivery.Verdict.DIFFERS, now=now
            )
    for entry in page.unusable:
        quarantine_api_entry(entry=entry, verdict=QuarantinedDelivery.Verdict.UNUSABLE, now=now)


def _differing(claim: ApiClaim) -> UnusableClaim:
    payload = claim.payload
    raw = json.dumps({name: getattr(payload, name) for name in payload.__slots__})
    reason = "Kick's claims API shows different contents than the granted claim."
    return UnusableClaim(claim_id=payload.claim_id, raw=raw.encode(), reason=reason)
