"""The way of one claim, hop by hop, from Kick to the game and back."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from claims.desk.case.loading import Case, CaseClaim
from claims.models import AuditEvent, Claim, Entitlement

THE_END = datetime.max.replace(tzinfo=UTC)
# Hops of the same moment stand in the order in which one leads to the next.
Step = tuple[datetime | None, str, str, str]


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One step; `gap` is the time since the one before it, where both times are known.

    `tone` is good, wait, bad or quiet, as of the badges. `at` is None where no time is kept.
    """

    at: datetime | None
    what: str
    detail: str
    tone: str
    gap: timedelta | None


def timeline_of(case_claim: CaseClaim, case: Case) -> list[TimelineEvent]:
    steps = [step for part in PARTS for step in part(case_claim, case)]
    timeline = []
    before: datetime | None = None
    # Those without a time are what is still to come, or when it came is not kept.
    for at, what, detail, tone in sorted(steps, key=lambda step: step[0] or THE_END):
        timeline.append(
            TimelineEvent(at, what, detail, tone, at - before if at and before else None)
        )
        before = at or before
    return timeline


def _arrival(case_claim: CaseClaim, _case: Case) -> Iterator[Step]:
    claim = case_claim.claim
    if claim.source == Claim.Source.MANUAL:
        yield _given_by_hand(case_claim)
        return
    if claim.occurred_at:
        yield claim.occurred_at, _("Claimed at Kick"), "", "quiet"
    if claim.source == Claim.Source.WEBHOOK:
        message = _("Message %(id)s") % {"id": claim.message_id} if claim.message_id else ""
        yield claim.received_at, _("Delivered by Kick's webhook"), message, "good"
        return
    said = _("No webhook had brought it.")
    yield claim.received_at, _("Found through Kick's claims API"), said, "wait"


def _given_by_hand(case_claim: CaseClaim) -> Step:
    claim = case_claim.claim
    act = next((act for act in case_claim.acts if act.action == AuditEvent.Action.GRANT), None)
    detail = (
        _("By %(actor)s: %(reason)s") % {"actor": act.actor, "reason": act.reason} if act else ""
    )
    return claim.recorded_at, _("Made by hand"), detail, "quiet"


def _holding(case_claim: CaseClaim, _case: Case) -> Iterator[Step]:
    claim = case_claim.claim
    if claim.first_hold_reason:
        why = Claim.HoldReason(claim.first_hold_reason).label
        yield claim.recorded_at, _("Held"), str(why), "wait"
    if claim.not_ours_at:
        said = _("Kick's claims API did not show it for a day.")
        yield claim.not_ours_at, _("Given up on"), said, "quiet"
    if claim.status == Claim.Status.HELD and claim.hold_reason != claim.first_hold_reason:
        yield None, _("Held now"), str(Claim.HoldReason(claim.hold_reason).label), "wait"


def _granting(case_claim: CaseClaim, case: Case) -> Iterator[Step]:
    for at, given in _by_moment(case_claim.entitlements, lambda one: one.granted_at):
        names = ", ".join(dict.fromkeys(str(one.player) for one in given))
        what = _("Granted to %(player)s") % {"player": names}
        yield at, what, case.items(given), "good"


def _handing_out(case_claim: CaseClaim, case: Case) -> Iterator[Step]:
    for at, asked in _by_moment(case_claim.entitlements, lambda one: one.first_listed_at):
        yield at, _("Asked for by the game"), case.items(asked), "good"
    for at, given in _by_moment(case_claim.entitlements, lambda one: one.fulfilled_at):
        ids = ", ".join(dict.fromkeys(one.fulfilment_id for one in given))
        detail = _("%(items)s; fulfilment %(id)s") % {"items": case.items(given), "id": ids}
        yield at, _("Handed out by the game"), detail, "good"
    if case_claim.of_status(Entitlement.Status.GRANTED):
        is_told = all(
            one.first_listed_at for one in case_claim.of_status(Entitlement.Status.GRANTED)
        )
        still = _("Still to be handed out") if is_told else _("Still to be asked for by the game")
        yield None, still, case.items(case_claim.of_status(Entitlement.Status.GRANTED)), "wait"


def _taking_back(case_claim: CaseClaim, case: Case) -> Iterator[Step]:
    for at, taken in _by_moment(case_claim.entitlements, lambda one: one.revoked_at):
        is_note = any(one.status == Entitlement.Status.FULFILLED for one in taken)
        what = _("Noted as taken back, but handed out before") if is_note else _("Taken back")
        detail = f"{case.items(taken)}: {taken[0].revocation_reason}"
        yield at, what, detail, "bad"


def _writing_back(case_claim: CaseClaim, _case: Case) -> Iterator[Step]:
    claim = case_claim.claim
    if claim.wanted_external_status != Claim.ExternalStatus.PROCESSED:
        return
    if claim.external_status == claim.wanted_external_status:
        yield None, _("Written back: Kick shows it as processed"), "", "good"
    elif claim.refused_writes:
        said = _("%(count)d times; tried again by itself.") % {"count": claim.refused_writes}
        yield None, _("Kick refuses to show it as processed"), said, "bad"
    else:
        yield None, _("Kick is still to be told"), "", "wait"


def _acting(case_claim: CaseClaim, _case: Case) -> Iterator[Step]:
    for act in case_claim.acts:
        if act.action not in (AuditEvent.Action.GRANT, AuditEvent.Action.REVOKE):
            what = f"{act.actor} {act.get_action_display()}"
            yield act.at, what, act.reason, "quiet"


PARTS: tuple[Callable[[CaseClaim, Case], Iterator[Step]], ...] = (
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
