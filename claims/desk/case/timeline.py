"""The timeline of one claim: each step from the platform to the game and back."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from claims.desk.case.loading import Case, CaseClaim, platform_of
from claims.desk.webhooks import delivery_answer
from claims.models import AuditEvent, Claim, Entitlement, WebhookDelivery

THE_END = datetime.max.replace(tzinfo=UTC)
# (time, title, detail, tone). Steps with equal times keep their causal order.
Step = tuple[datetime | None, str, str, str]


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One step. `gap` is the time since the previous step, if both times are known.

    `tone` is a badge tone: good, wait, bad or quiet. `at` is None if no time is stored.
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
    # Steps without a time come last: they are pending, or their time isn't stored.
    for at, what, detail, tone in sorted(steps, key=lambda step: step[0] or THE_END):
        timeline.append(
            TimelineEvent(at, what, detail, tone, at - before if at and before else None)
        )
        before = at or before
    return timeline


def arrival_steps(case_claim: CaseClaim, _case: Case) -> Iterator[Step]:
    claim = case_claim.claim
    if claim.path == Claim.Path.MANUAL:
        grants = (act for act in case_claim.acts if act.action == AuditEvent.Action.GRANT)
        act = next(grants, None)
        said = (
            _("By %(actor)s: %(reason)s") % {"actor": act.actor, "reason": act.reason}
            if act
            else ""
        )
        yield claim.recorded_at, _("Created manually"), said, "quiet"
        return
    if case_claim.use:
        earned = {"channel": case_claim.use.channel, "platform": platform_of(claim)}
        yield (
            case_claim.use.occurred_at,
            _("Earned on %(platform)s, in the channel %(channel)s") % earned,
            "",
            "quiet",
        )
    elif claim.occurred_at:
        yield (
            claim.occurred_at,
            _("Claimed on %(platform)s") % {"platform": platform_of(claim)},
            "",
            "quiet",
        )
    if claim.path == Claim.Path.WEBHOOK:
        message = _("Message %(id)s") % {"id": claim.message_id} if claim.message_id else ""
        yield claim.received_at, _("Received by webhook"), message, "good"
        return
    said = _("No webhook had arrived.")
    yield claim.received_at, _("Found through the platform's API"), said, "wait"


def hold_steps(case_claim: CaseClaim, _case: Case) -> Iterator[Step]:
    claim = case_claim.claim
    if claim.first_hold_reason:
        why = Claim.HoldReason(claim.first_hold_reason).label
        yield claim.recorded_at, _("Held"), str(why), "wait"
    if case_claim.confirmation and case_claim.confirmation.foreign_at:
        said = _("The platform's API didn't confirm it within 24 hours.")
        yield case_claim.confirmation.foreign_at, _("Marked as foreign"), said, "quiet"
    if claim.status == Claim.Status.HELD and claim.hold_reason != claim.first_hold_reason:
        yield None, _("Currently held"), str(Claim.HoldReason(claim.hold_reason).label), "wait"


def grant_steps(case_claim: CaseClaim, case: Case) -> Iterator[Step]:
    for at, given in _by_moment(case_claim.entitlements, lambda one: one.granted_at):
        names = ", ".join(dict.fromkeys(str(one.player) for one in given))
        what = _("Granted to %(player)s") % {"player": names}
        yield at, what, case.items(given), "good"


def push_steps(case_claim: CaseClaim, case: Case) -> Iterator[Step]:
    of_claim = (case.pushes.get(one.public_id, ()) for one in case_claim.entitlements)
    deliveries = {one.pk: one for some in of_claim for one in some}
    for one in deliveries.values():
        endpoint = {"endpoint": one.endpoint}
        if one.status == WebhookDelivery.Status.DELIVERED:
            said = _("Answered %(answer)s") % {"answer": delivery_answer(one)}
            yield one.last_attempt_at, _("Pushed to %(endpoint)s") % endpoint, said, "good"
        elif one.last_attempt_at:
            tone = "bad" if one.status == WebhookDelivery.Status.FAILED else "wait"
            what = _("Push to %(endpoint)s failed") % endpoint
            yield one.last_attempt_at, what, delivery_answer(one), tone


def delivery_steps(case_claim: CaseClaim, case: Case) -> Iterator[Step]:
    for at, asked in _by_moment(case_claim.entitlements, lambda one: one.first_listed_at):
        yield at, _("Requested by the game"), case.items(asked), "good"
    for at, given in _by_moment(case_claim.entitlements, lambda one: one.fulfilled_at):
        ids = ", ".join(dict.fromkeys(one.fulfilment_id for one in given))
        detail = _("%(items)s. Fulfilment ID: %(id)s") % {"items": case.items(given), "id": ids}
        yield at, _("Delivered by the game"), detail, "good"
    if case_claim.of_status(Entitlement.Status.GRANTED):
        is_told = all(
            one.first_listed_at for one in case_claim.of_status(Entitlement.Status.GRANTED)
        )
        still = _("Not delivered yet") if is_told else _("Not requested by the game yet")
        yield None, still, case.items(case_claim.of_status(Entitlement.Status.GRANTED)), "wait"


def revocation_steps(case_claim: CaseClaim, case: Case) -> Iterator[Step]:
    for at, taken in _by_moment(case_claim.entitlements, lambda one: one.revoked_at):
        is_note = any(one.status == Entitlement.Status.FULFILLED for one in taken)
        what = _("Revocation noted (already delivered)") if is_note else _("Revoked")
        detail = f"{case.items(taken)}: {taken[0].revocation_reason}"
        yield at, what, detail, "bad"


def report_steps(case_claim: CaseClaim, _case: Case) -> Iterator[Step]:
    report = case_claim.report
    if report is None:
        return
    if report.reported_at:
        yield report.reported_at, _("Reported as delivered"), "", "good"
    elif report.refusals:
        said = ngettext(
            "%(count)d attempt so far. Retried automatically.",
            "%(count)d attempts so far. Retried automatically.",
            report.refusals,
        )
        said %= {"count": report.refusals}
        yield None, _("The platform rejects the report"), said, "bad"
    else:
        yield None, _("Not reported to the platform yet"), "", "wait"


def staff_steps(case_claim: CaseClaim, _case: Case) -> Iterator[Step]:
    for act in case_claim.acts:
        if act.action not in (AuditEvent.Action.GRANT, AuditEvent.Action.REVOKE):
            what = f"{act.actor} {act.get_action_display()}"
            yield act.at, what, act.reason, "quiet"


PARTS: tuple[Callable[[CaseClaim, Case], Iterator[Step]], ...] = (
    arrival_steps,
    hold_steps,
    staff_steps,
    grant_steps,
    push_steps,
    delivery_steps,
    revocation_steps,
    report_steps,
)


def _by_moment(
    entitlements: Iterable[Entitlement], moment: Callable[[Entitlement], datetime | None]
) -> Iterator[tuple[datetime, list[Entitlement]]]:
    """Group entitlements with equal times, so that they form one step."""
    happened: dict[datetime, list[Entitlement]] = {}
    for one in entitlements:
        if at := moment(one):
            happened.setdefault(at, []).append(one)
    yield from sorted(happened.items())
