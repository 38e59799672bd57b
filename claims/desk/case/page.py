"""The case page: a timeline, headed by the answer to “where is my drop?”."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import LinkEvent, PlatformAccount, Player
from claims.desk.case.loading import Case, CaseClaim, load_case
from claims.desk.case.timeline import TimelineEvent, timeline_of
from claims.desk.diagnosis import (
    Diagnosis,
    add_outage,
    diagnose,
    diagnose_use,
    diagnose_without_claim,
)
from claims.models import AuditEvent, Claim, OfferUse


@dataclass(frozen=True, slots=True)
class ClaimCase:
    """One claim with its answer and its timeline."""

    case_claim: CaseClaim
    diagnosis: Diagnosis
    timeline: list[TimelineEvent]

    @property
    def claim(self) -> Claim:
        return self.case_claim.claim

    @property
    def took(self) -> timedelta | None:
        """From the first to the last step with a time."""
        times = [event.at for event in self.timeline if event.at]
        return times[-1] - times[0] if len(times) > 1 else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the timeline: a claim, a link event, a staff action, or a use of an offer."""

    at: datetime
    claim: ClaimCase | None = None
    link_event: LinkEvent | None = None
    act: AuditEvent | None = None
    use: OfferUse | None = None


@dataclass(frozen=True, slots=True)
class CasePage:
    """`about` is the claim that the answer refers to, if any."""

    case: Case
    diagnosis: Diagnosis
    about: ClaimCase | None
    entries: list[Entry]


def case_of_player(player: Player, *, claim_id: str = "", now: datetime) -> CasePage:
    """`claim_id` selects the claim to answer about; "" selects the most pressing claim."""
    accounts = list(PlatformAccount.objects.filter(player=player).order_by("platform"))
    return _tell(load_case(player=player, accounts=accounts, claim_id=claim_id, now=now), claim_id)


def case_of_account(account: PlatformAccount, *, claim_id: str = "", now: datetime) -> CasePage:
    """The case of an account without a player. Includes claims granted to earlier players."""
    return _tell(load_case(player=None, accounts=[account], claim_id=claim_id, now=now), claim_id)


def _tell(case: Case, claim_id: str) -> CasePage:
    claims = [
        ClaimCase(case_claim, diagnose(case_claim, case), timeline_of(case_claim, case))
        for case_claim in case.claims
    ]
    about = _most_pressing(claims, case, claim_id)
    diagnosis = about.diagnosis if about else diagnose_without_claim(case)
    use = _newer_use(about, case)
    if use and not claim_id:
        about, diagnosis = None, diagnose_use(use)
    elif about and diagnosis.is_settled and not claim_id:
        diagnosis = add_outage(diagnosis, case)
    entries = [
        *(Entry(at=one.claim.recorded_at, claim=one) for one in claims),
        *(Entry(at=event.at, link_event=event) for event in case.link_events),
        *(Entry(at=act.at, act=act) for act in case.acts),
        *(Entry(at=use.occurred_at, use=use) for use in case.open_uses),
    ]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return CasePage(case=case, diagnosis=diagnosis, about=about, entries=entries)


def _newer_use(about: ClaimCase | None, case: Case) -> OfferUse | None:
    """The newest use of an offer, if the answer would be about an older, settled claim."""
    newest = next(iter(case.open_uses), None)
    if newest is None or about is None:
        return newest
    is_newer = newest.occurred_at > about.claim.recorded_at
    return newest if about.diagnosis.is_settled and is_newer else None


def _most_pressing(claims: list[ClaimCase], case: Case, claim_id: str) -> ClaimCase | None:
    """The requested claim, else the newest unsettled claim, else the newest claim.

    None if all claims are settled and the account isn't linked: then that's the answer.
    """
    asked_for = [one for one in claims if one.claim.pk == claim_id]
    unsettled = [one for one in claims if not one.diagnosis.is_settled]
    first = next(iter([*asked_for, *unsettled]), None)
    if first or not claims:
        return first
    return claims[0] if case.accounts else None
