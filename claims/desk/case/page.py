"""The player's story: one timeline, and at its top the sentence that answers “where is it?”."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import LinkEvent, PlatformAccount, Player
from claims.desk.case.loading import Case, CaseClaim, load_case
from claims.desk.case.timeline import TimelineEvent, timeline_of
from claims.desk.diagnosis import Diagnosis, diagnose, diagnose_without_claim
from claims.models import AuditEvent, Claim


@dataclass(frozen=True, slots=True)
class ClaimCase:
    """One claim: where its drop is, and how it got there."""

    case_claim: CaseClaim
    diagnosis: Diagnosis
    timeline: list[TimelineEvent]

    @property
    def claim(self) -> Claim:
        return self.case_claim.claim

    @property
    def took(self) -> timedelta | None:
        """From the first to the last hop with a time."""
        times = [event.at for event in self.timeline if event.at]
        return times[-1] - times[0] if len(times) > 1 else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the timeline: a claim, a link event, or an act of the staff."""

    at: datetime
    claim: ClaimCase | None = None
    link_event: LinkEvent | None = None
    act: AuditEvent | None = None


@dataclass(frozen=True, slots=True)
class CasePage:
    """`about` is the claim that the answer is about, if it is about one."""

    case: Case
    diagnosis: Diagnosis
    about: ClaimCase | None
    entries: list[Entry]


def case_of_player(player: Player, *, claim_id: str = "") -> CasePage:
    """`claim_id`: which claim the answer is to be about; "" is the one that needs it most."""
    account = PlatformAccount.objects.filter(player=player).first()
    return _tell(load_case(player=player, account=account, claim_id=claim_id), claim_id)


def case_of_account(account: PlatformAccount, *, claim_id: str = "") -> CasePage:
    """Of a Kick user without a player. What it once gave to players is in the story, too."""
    return _tell(load_case(player=None, account=account, claim_id=claim_id), claim_id)


def _tell(case: Case, claim_id: str) -> CasePage:
    claims = [
        ClaimCase(case_claim, diagnose(case_claim, case), timeline_of(case_claim, case))
        for case_claim in case.claims
    ]
    about = _most_pressing(claims, case, claim_id)
    diagnosis = about.diagnosis if about else diagnose_without_claim(case)
    entries = sorted(_entries(claims, case), key=lambda entry: entry.at, reverse=True)
    return CasePage(case=case, diagnosis=diagnosis, about=about, entries=entries)


def _most_pressing(claims: list[ClaimCase], case: Case, claim_id: str) -> ClaimCase | None:
    """The one asked for; else the newest that is not settled; else the newest, if that will do."""
    asked_for = [one for one in claims if one.claim.pk == claim_id]
    unsettled = [one for one in claims if not one.diagnosis.is_settled]
    first = next(iter([*asked_for, *unsettled]), None)
    if first or not claims:
        return first
    is_cut_off = case.account is None or case.kick_trouble
    return None if is_cut_off else claims[0]


def _entries(claims: list[ClaimCase], case: Case) -> Iterator[Entry]:
    for one in claims:
        yield Entry(at=one.claim.recorded_at, claim=one)
    for event in case.link_events:
        yield Entry(at=event.at, link_event=event)
    for act in case.acts:
        yield Entry(at=act.at, act=act)
