"""Records one page of a source's list."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from claims.catalogue import discover
from claims.ledger import Outcome, find_unsettled, record_claims
from claims.models import Claim, QuarantinedDelivery
from claims.quarantine import quarantine_entry
from claims.source import Award, Page, UnusableEntry

# A new claim older than this counts as missed: no webhook and no catch-up delivered it in time.
IN_TIME = timedelta(minutes=3)
CONTENTS = ("claim_id", "account", "campaign_id", "reward_id", "external_id", "quantity")


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


def without_unknown_delivered(awards: Sequence[Award]) -> list[Award]:
    """Leave out awards that the platform shows as delivered, but that were never recorded here.

    Another tool has delivered them, before the studio used this one. Granted here, their items
    would be delivered twice.
    """
    delivered = [award.claim_id for award in awards if award.is_reported]
    if not delivered:
        return list(awards)
    known = set(Claim.objects.filter(pk__among=delivered).values_list("pk", flat=True))
    return [award for award in awards if not award.is_reported or award.claim_id in known]


def record_page(page: Page, *, source: str, now: datetime) -> Tally:
    """Register a page's campaigns and rewards, record its claims, and store bad entries.

    Bad entries are those that are unusable or differ from the recorded claim. They don't stop the
    rest of the page. On a repeat: nothing changes.
    """
    discover(awards=page.awards, source=source, now=now)
    unsettled = find_unsettled(page.awards)
    recorded = record_claims(
        unsettled,
        source=source,
        path=Claim.Path.SYNC,
        is_authoritative=True,
        received_at=now,
        now=now,
    )
    new = {claim.claim_id for claim in recorded if claim.outcome == Outcome.RECORDED}
    differing = {claim.claim_id for claim in recorded if claim.outcome == Outcome.DIFFERS}
    for award in page.awards:
        if award.claim_id in differing:
            raw = json.dumps({name: getattr(award, name) for name in CONTENTS})
            reason = "The platform's API shows different contents than the granted claim."
            entry = UnusableEntry(claim_id=award.claim_id, raw=raw.encode(), reason=reason)
            verdict = QuarantinedDelivery.Verdict.DIFFERS
            quarantine_entry(entry=entry, source=source, verdict=verdict, now=now)
    for entry in page.unusable:
        verdict = QuarantinedDelivery.Verdict.UNUSABLE
        quarantine_entry(entry=entry, source=source, verdict=verdict, now=now)
    written = Counter(
        claim.status for claim in recorded if claim.outcome in {Outcome.RECORDED, Outcome.CHANGED}
    )
    return Tally(
        seen=len(page),
        recorded=len(new),
        granted=written[Claim.Status.GRANTED],
        held=written[Claim.Status.HELD],
        differs=len(differing),
        unusable=len(page.unusable),
        missed=sum(
            award.occurred_at is None or award.occurred_at < now - IN_TIME
            for award in unsettled
            if award.claim_id in new
        ),
    )
