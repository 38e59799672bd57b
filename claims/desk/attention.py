"""Items that need attention, most urgent first. The cost doesn't grow with the held claims."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.mapping import COUNTED_UP_TO
from claims.models import Campaign, Claim, GrantRequest, QuarantinedDelivery, Report, Reward
from core.checks import Finding, Verdict, all_checks

Reason = Claim.HoldReason


@dataclass(frozen=True, slots=True)
class Count:
    """A number that is exact up to COUNTED_UP_TO, and the URL of the list it counts."""

    number: int
    url: str

    @property
    def shown(self) -> str:
        return f"{COUNTED_UP_TO:,}+" if self.number > COUNTED_UP_TO else f"{self.number:,}"


@dataclass(frozen=True, slots=True)
class HeldClaims:
    """The claims held for one reason, how long the oldest has waited, and the next step."""

    reason: str
    count: Count
    waited: timedelta
    tone: str
    next_step: str
    button: str
    url: str


NEXT_STEPS = {
    Reason.UNMAPPED_REWARD: (
        "bad",
        gettext_lazy("Their rewards aren't mapped to items. Map the rewards to grant them."),
    ),
    Reason.PAUSED: (
        "wait",
        gettext_lazy("Staff paused their campaign or reward. Resume it to grant them."),
    ),
    Reason.UNCONFIRMED: (
        "wait",
        gettext_lazy("Checked with Kick automatically for 24 hours. For older claims, see alerts."),
    ),
    Reason.NOT_LINKED: (
        "quiet",
        gettext_lazy("Waiting for the players to link. No action needed."),
    ),
}


def held_claims(*, now: datetime) -> list[HeldClaims]:
    """Held claims by reason. Another organization's claims are excluded from all alerts."""
    return [row for reason in NEXT_STEPS if (row := _held_for(reason, now)).count.number]


def _held_for(reason: Claim.HoldReason, now: datetime) -> HeldClaims:
    held = Claim.objects.held(reason)
    oldest_at = held.order_by("received_at").values_list("received_at", flat=True).first()
    url = _list("claims_claim", hold_reason__exact=reason.value)
    tone, next_step = NEXT_STEPS[reason]
    is_mapping = reason == Reason.UNMAPPED_REWARD
    return HeldClaims(
        reason=str(reason.label),
        count=Count(count_some(held), url),
        waited=now - oldest_at if oldest_at else timedelta(),
        tone=tone,
        next_step=str(next_step),
        button=_("Map rewards…") if is_mapping else _("View claims"),
        url=reverse("desk:queue") if is_mapping else url,
    )


def count_some(rows: QuerySet[Claim]) -> int:
    """Count rows, at most up to COUNTED_UP_TO + 1."""
    return rows.order_by().values("pk")[: COUNTED_UP_TO + 1].count()


def alarms(*, now: datetime) -> list[Finding]:
    """Warnings and failures of `doctor`'s checks, worst first.

    Leaves out the checks that call a platform, and those that `held_claims` covers.
    """
    found = [check(now) for check in all_checks() if check.is_on_home]
    bad = [finding for finding in found if finding.verdict != Verdict.PASS]
    return sorted(bad, key=lambda finding: -finding.verdict)


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task for staff: its title, and the number of rows it is about."""

    title: str
    count: Count


def open_tasks(*, now: datetime) -> list[OpenTask]:
    return [task for task in _open_tasks(now) if task.count.number]


def _open_tasks(now: datetime) -> Iterator[OpenTask]:
    unusable = _list("claims_quarantineddelivery", verdict__exact="UNUSABLE")
    yield OpenTask(
        _("Unusable signed deliveries in the last 24 hours"),
        Count(QuarantinedDelivery.objects.recent_unusable(now=now).count(), unusable),
    )
    refused = _list("claims_claim", report__refusals__gt="0")
    yield OpenTask(
        _("Claims whose report the platform rejects"),
        Count(Report.objects.refused().count(), refused),
    )
    requests = _list("claims_grantrequest", outcome__exact="PENDING")
    yield OpenTask(
        _("Manual grants that wait for a second person"),
        Count(GrantRequest.objects.filter(outcome="PENDING").count(), requests),
    )
    unnamed = _list("claims_campaign", category__exact="")
    yield OpenTask(
        _("Campaigns without a category (invisible to limited API keys)"),
        Count(Campaign.objects.filter(category="").count(), unnamed),
    )
    yield OpenTask(
        _("Unmapped rewards"),
        Count(
            Reward.objects.filter(mapping__isnull=True).count(),
            reverse("desk:queue"),
        ),
    )


def _list(model: str, **filters: str) -> str:
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(filters)}"
