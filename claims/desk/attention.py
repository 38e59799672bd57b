"""What needs a person, the most urgent first. Costs the same however much is held."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.models import Campaign, Claim, Reward
from studio_drops.monitoring import checks, indicators
from studio_drops.monitoring.checks import Finding, Verdict

# Beyond this nobody needs the exact number, and counting on would cost more with every claim.
COUNTED_UP_TO = 2_000
Reason = Claim.HoldReason


@dataclass(frozen=True, slots=True)
class Count:
    """A number that is exact below COUNTED_UP_TO, and the page with what it counts."""

    number: int
    url: str

    @property
    def shown(self) -> str:
        return f"{COUNTED_UP_TO:,}+" if self.number > COUNTED_UP_TO else f"{self.number:,}"


@dataclass(frozen=True, slots=True)
class HeldClaims:
    """The claims held for one reason, how long the oldest has waited, and what resolves them."""

    reason: str
    count: Count
    waited: timedelta
    tone: str
    cure: str
    cure_label: str
    cure_url: str


CURES = {
    Reason.UNMAPPED_REWARD: (
        "bad",
        gettext_lazy("Their rewards map to no item. Map them, and they are granted."),
    ),
    Reason.UNCONFIRMED: (
        "wait",
        gettext_lazy("Looked up at Kick by themselves for a day. Old ones: see the alarms."),
    ),
    Reason.NOT_LINKED: ("quiet", gettext_lazy("Only the players can link. Nothing to do here.")),
}


def held_claims(*, now: datetime) -> list[HeldClaims]:
    """Those that somebody waits for; what is another organization's is out of every alarm."""
    rows = (_held_for(reason, now) for reason in CURES)
    return [row for row in rows if row.count.number]


def _held_for(reason: Claim.HoldReason, now: datetime) -> HeldClaims:
    held = Claim.objects.filter(status=Claim.Status.HELD, hold_reason=reason)
    oldest_at = held.order_by("received_at").values_list("received_at", flat=True).first()
    url = _list("claims_claim", hold_reason__exact=reason.value)
    tone, cure = CURES[reason]
    is_mapping = reason == Reason.UNMAPPED_REWARD
    return HeldClaims(
        reason=str(reason.label),
        count=Count(count_some(held), url),
        waited=now - oldest_at if oldest_at else timedelta(),
        tone=tone,
        cure=str(cure),
        cure_label=_("Map them…") if is_mapping else _("Show them"),
        cure_url=reverse("desk:queue") if is_mapping else url,
    )


def count_some(rows: QuerySet[Claim]) -> int:
    """At most one more than COUNTED_UP_TO."""
    return rows.order_by().values("pk")[: COUNTED_UP_TO + 1].count()


def alarms(*, now: datetime) -> list[Finding]:
    """What `doctor` warns of, but for what needs Kick, and for what the held claims say already."""
    looked_at = (
        ("worker and scheduler", checks.check_worker),
        ("reconcile", checks.check_reconcile),
        ("webhook", checks.check_webhook),
        ("write-back", checks.check_write_back),
        ("revocations", checks.check_revocations),
    )
    found = [Finding(name, *check(now)) for name, check in looked_at]
    bad = [finding for finding in found if finding.verdict != Verdict.PASS]
    return sorted(bad, key=lambda finding: -finding.verdict)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be seen to, as a sentence with its number."""

    what: str
    count: Count


def chores(*, now: datetime) -> list[Chore]:
    return [chore for chore in _chores(now) if chore.count.number]


def _chores(now: datetime) -> Iterator[Chore]:
    unusable = _list("claims_quarantineddelivery", verdict__exact="UNUSABLE")
    yield Chore(
        _("Signed deliveries of the last day that could not be used"),
        Count(indicators.recent_unusable_deliveries(now=now), unusable),
    )
    refused = _list("claims_claim", refused_writes__gt="0")
    yield Chore(
        _("Claims whose status Kick refuses"), Count(indicators.unwritten().refused, refused)
    )
    unnamed = _list("claims_campaign", category__exact="")
    yield Chore(
        _("Campaigns without a category, which limited API keys do not see"),
        Count(Campaign.objects.filter(category="").count(), unnamed),
    )
    yield Chore(
        _("Rewards that map to no item"),
        Count(
            Reward.objects.filter(mapping__isnull=True).count(),
            reverse("desk:queue"),
        ),
    )


def _list(model: str, **filters: str) -> str:
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(filters)}"
