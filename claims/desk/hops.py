"""The way of one claim, hop by hop, from Kick to the game and back."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from claims.desk.facts import ClaimFacts, Facts
from claims.models import AuditEvent, Claim, Entitlement

THE_END = datetime.max.replace(tzinfo=UTC)
# Hops of the same moment stand in the order in which one leads to the next.
Step = tuple[datetime | None, str, str, str]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step; `gap` is the time since the one before it, where both times are known.

    `tone` is good, wait, bad or quiet, as of the badges. `at` is None where no time is kept.
    """

    at: datetime | None
    what: str
    detail: str
    tone: str
    gap: timedelta | None


def hops_of(told: ClaimFacts, facts: Facts) -> list[Hop]:
    steps = [step for part in PARTS for step in part(told, facts)]
    hops = []
    before: datetime | None = None
    # Those without a time are what is still to come, or when it came is not kept.
    for at, what, detail, tone in sorted(steps, key=lambda step: step[0] or THE_END):
        hops.append(Hop(at, what, detail, tone, at - before if at and before else None))
        before = at or before
    return hops


def _arrival(told: ClaimFacts, _facts: Facts) -> Iterator[Step]:
    claim = told.claim
    if claim.source == Claim.Source.MANUAL:
        yield _given_by_hand(told)
        return
    if claim.kick_created_at:
        yield claim.kick_created_at, _("Claimed at Kick"), "", "quiet"
    if claim.source == Claim.Source.WEBHOOK:
        message = _("Message %(id)s") % {"id": claim.message_id} if claim.message_id else ""
        yield claim.received_at, _("Delivered by Kick's webhook"), message, "good"
        return
    said = _("No webhook had brought it.")
    yield claim.received_at, _("Found through Kick's claims API"), said, "wait"


def _given_by_hand(told: ClaimFacts) -> Step:
    claim = told.claim
    act = next((act for act in told.acts if act.action == AuditEvent.Action.GRANT), None)
    detail = (
        _("By %(actor)s: %(reason)s") % {"actor": act.actor, "reason": act.reason} if act else ""
    )
    return claim.recorded_at, _("Made by hand"), detail, "quiet"


def _holding(told: ClaimFacts, _facts: Facts) -> Iterator[Step]:
    claim = told.claim
    if claim.first_hold_reason:
        why = Claim.HoldReason(claim.first_hold_reason).label
        yield claim.recorded_at, _("Held"), str(why), "wait"
    if claim.not_ours_at:
        said = _("Kick's claims API did not show it for a day.")
        yield claim.not_ours_at, _("Given up on"), said, "quiet"
    if claim.status == Claim.Status.HELD and claim.hold_reason != claim.first_hold_reason:
        yield None, _("Held now"), str(Claim.HoldReason(claim.hold_reason).label), "wait"


def _granting(told: ClaimFacts, facts: Facts) -> Iterator[Step]:
    for at, given in _by_moment(told.entitlements, lambda one: one.granted_at):
        names = ", ".join(dict.fromkeys(str(one.player) for one in given))
        what = _("Granted to %(player)s") % {"player": names}
        yield at, what, facts.items(given), "good"


def _handing_out(told: ClaimFacts, facts: Facts) -> Iterator[Step]:
    for at, asked in _by_moment(told.entitlements, lambda one: one.first_listed_at):
        yield at, _("Asked for by the game"), facts.items(asked), "good"
    for at, given in _by_moment(told.entitlements, lambda one: one.fulfilled_at):
        ids = ", ".join(dict.fromkeys(one.fulfilment_id for one in given))
        detail = _("%(items)s; fulfilment %(id)s") % {"items": facts.items(given), "id": ids}
        yield at, _("Handed out by the game"), detail, "good"
    if told.of_status(Entitlement.Status.GRANTED):
        is_told = all(one.first_listed_at for one in told.of_status(Entitlement.Status.GRANTED))
        still = _("Still to be handed out") if is_told else _("Still to be asked for by the game")
        yield None, still, facts.items(told.of_status(Entitlement.Status.GRANTED)), "wait"


def _taking_back(told: ClaimFacts, facts: Facts) -> Iterator[Step]:
    for at, taken in _by_moment(told.entitlements, lambda one: one.revoked_at):
        is_note = any(one.status == Entitlement.Status.FULFILLED for one in taken)
        what = _("Noted as taken back, but handed out before") if is_note else _("Taken back")
        detail = f"{facts.items(taken)}: {taken[0].revocation_reason}"
        yield at, what, detail, "bad"


def _writing_back(told: ClaimFacts, _facts: Facts) -> Iterator[Step]:
    claim = told.claim
    if claim.wanted_external_status != Claim.ExternalStatus.PROCESSED:
        return
    if claim.external_status == claim.wanted_external_status:
        yield None, _("Written back: Kick shows it as processed"), "", "good"
    elif claim.refused_writes:
        said = _("%(count)d times; tried again by itself.") % {"count": claim.refused_writes}
        yield None, _("Kick refuses to show it as processed"), said, "bad"
    else:
        yield None, _("Kick is still to be told"), "", "wait"


def _acting(told: ClaimFacts, _facts: Facts) -> Iterator[Step]:
    for act in told.acts:
        if act.action not in (AuditEvent.Action.GRANT, AuditEvent.Action.REVOKE):
            what = f"{act.actor} {act.get_action_display()}"
            yield act.at, what, act.reason, "quiet"


PARTS: tuple[Callable[[ClaimFacts, Facts], Iterator[Step]], ...] = (
    _arrival,
    _holding,
    _acting,
    _granting,
    _handing_out,
    _taking_back,
    _writing_back,
)


def _by_moment(
    entitlements: Iterable[Entitlement], moment: Callable[[Entitlement], datetime | None]
) -> Iterator[tuple[datetime, list[Entitlement]]]:
    """What happened to several items in the same moment is one hop."""
    happened: dict[datetime, list[Entitlement]] = {}
    for one in entitlements:
        if at := moment(one):
            happened.setdefault(at, []).append(one)
    yield from sorted(happened.items())
