"""The player's story: one timeline, and at its top the sentence that answers “where is it?”."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import KickUser, LinkEvent, Player
from claims.desk.answers import Answer, answer_about, answer_without_claim
from claims.desk.facts import ClaimFacts, Facts, gather_facts
from claims.desk.hops import Hop, hops_of
from claims.models import AuditEvent, Claim


@dataclass(frozen=True, slots=True)
class ClaimStory:
    """One claim: where its drop is, and how it got there."""

    told: ClaimFacts
    answer: Answer
    hops: list[Hop]

    @property
    def claim(self) -> Claim:
        return self.told.claim

    @property
    def took(self) -> timedelta | None:
        """From the first to the last hop with a time."""
        times = [hop.at for hop in self.hops if hop.at]
        return times[-1] - times[0] if len(times) > 1 else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the timeline: a claim, a link event, or an act of the staff."""

    at: datetime
    claim: ClaimStory | None = None
    link_event: LinkEvent | None = None
    act: AuditEvent | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """`about` is the claim that the answer is about, if it is about one."""

    facts: Facts
    answer: Answer
    about: ClaimStory | None
    entries: list[Entry]


def tell_story_of_player(player: Player, *, claim_id: str = "") -> Story:
    """`claim_id`: which claim the answer is to be about; "" is the one that needs it most."""
    kick_user = KickUser.objects.filter(player=player).first()
    return _tell(gather_facts(player=player, kick_user=kick_user, claim_id=claim_id), claim_id)


def tell_story_of_kick_user(kick_user: KickUser, *, claim_id: str = "") -> Story:
    """Of a Kick user without a player. What it once gave to players is in the story, too."""
    return _tell(gather_facts(player=None, kick_user=kick_user, claim_id=claim_id), claim_id)


def _tell(facts: Facts, claim_id: str) -> Story:
    claims = [
        ClaimStory(told, answer_about(told, facts), hops_of(told, facts)) for told in facts.claims
    ]
    about = _most_pressing(claims, facts, claim_id)
    answer = about.answer if about else answer_without_claim(facts)
    entries = sorted(_entries(claims, facts), key=lambda entry: entry.at, reverse=True)
    return Story(facts=facts, answer=answer, about=about, entries=entries)


def _most_pressing(claims: list[ClaimStory], facts: Facts, claim_id: str) -> ClaimStory | None:
    """The one asked for; else the newest that is not settled; else the newest, if that will do."""
    asked_for = [one for one in claims if one.claim.pk == claim_id]
    unsettled = [one for one in claims if not one.answer.is_settled]
    first = next(iter([*asked_for, *unsettled]), None)
    if first or not claims:
        return first
    is_cut_off = facts.kick_user is None or facts.kick_trouble
    return None if is_cut_off else claims[0]


def _entries(claims: list[ClaimStory], facts: Facts) -> Iterator[Entry]:
    for one in claims:
        yield Entry(at=one.claim.recorded_at, claim=one)
    for event in facts.link_events:
        yield Entry(at=event.at, link_event=event)
    for act in facts.acts:
        yield Entry(at=act.at, act=act)
