"""Health figures of the ledger, for `doctor`, the metrics and the desk's home page.

Each query reads only open rows (held, unreported, due) or recent ones, never the whole history.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Max, Min, Q

from accounts.models import Authorization, Deauthorization
from claims.models import (
    Campaign,
    Channel,
    ChannelReward,
    Claim,
    ReconcileRun,
    Redemption,
    Report,
    WebhookDelivery,
    WebhookEndpoint,
)
from claims.source import listing_sources
from core.models import Lease

RECENT = timedelta(hours=1)
JUDGED_OVER = timedelta(minutes=10)
REDEMPTION_OVERDUE = timedelta(minutes=15)
NAMED_AT_MOST = 3
SILENT_AT, LOSSY_FROM, LOSSY_SHARE = 3, 20, 0.05


# Stop counting here: a larger number tells a reader nothing new, and costs more with every claim.
COUNTED_UP_TO = 10_000


@dataclass(frozen=True, slots=True)
class Held:
    """Claims held for one reason: how many (at most 10,000), and when the oldest was received."""

    reason: str
    count: int
    oldest_at: datetime

    @property
    def shown(self) -> str:
        return f"{self.count:,}" + ("+" if self.count == COUNTED_UP_TO else "")


def held_by_reason() -> list[Held]:
    """Held claims per reason, in order of precedence. Reasons without claims are left out.

    Each reason takes two lookups in an index ordered by age, so the cost doesn't grow with the
    number of held claims.
    """
    found = []
    for reason in Claim.HoldReason.values:
        by_age = Claim.objects.held(reason).order_by("received_at")
        received = by_age.values_list("received_at", flat=True)
        if oldest_at := received.first():
            found.append(Held(reason, received[:COUNTED_UP_TO].count(), oldest_at))
    return found


@dataclass(frozen=True, slots=True)
class PendingReports:
    """Delivered claims not yet reported to their platform: how many, and how many it refused."""

    count: int
    refused: int
    oldest_at: datetime | None


def pending_reports() -> PendingReports:
    """Pending reports, at most 10,000. `oldest_at`: when the oldest of them was requested."""
    pending = Report.objects.pending().order_by("pk")
    rows = list(pending.values_list("refusals", "requested_at")[:COUNTED_UP_TO])
    return PendingReports(
        count=len(rows),
        refused=sum(refusals > 0 for refusals, _ in rows),
        oldest_at=min((at for _, at in rows), default=None),
    )


def last_run() -> ReconcileRun | None:
    return ReconcileRun.objects.order_by("-started_at").first()


def job_began_at(job: str) -> datetime | None:
    return Lease.objects.filter(job=job).values_list("last_began_at", flat=True).first()


def caught_up_at() -> datetime | None:
    """When the source that is furthest behind last caught up. None if one never has."""
    jobs = [f"catch_up:{source.name}" for source in listing_sources()]
    ended = Lease.objects.filter(job__in=jobs).values_list("last_ended_at", flat=True)
    times = [at for at in ended if at]
    return min(times, default=None) if len(times) == len(jobs) else None


def recent_claims(*, now: datetime) -> dict[str, int]:
    """The number of claims recorded in the last hour, by path."""
    recent = Claim.objects.filter(recorded_at__gte=now - RECENT)
    counts = recent.values("path").annotate(count=Count("pk"))
    return {row["path"]: row["count"] for row in counts.order_by()}


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Claims recorded in the last ten minutes that were made in the last hour, by their path."""

    by_webhook: int
    by_sync: int

    @property
    def is_silent(self) -> bool:
        """No webhook arrives, although there are claims."""
        return not self.by_webhook and self.by_sync >= SILENT_AT

    @property
    def is_lossy(self) -> bool:
        """More than a twentieth of the claims came without their webhook."""
        total = self.by_webhook + self.by_sync
        return total >= LOSSY_FROM and self.by_sync > LOSSY_SHARE * total


def recent_arrivals(*, now: datetime) -> Arrivals:
    """How new claims arrive. A healthy catch-up finds a claim before its webhook is overdue."""
    fresh = Q(occurred_at__gte=now - RECENT) | Q(occurred_at=None)
    recent = Claim.objects.filter(fresh, recorded_at__gte=now - JUDGED_OVER)
    counts = dict(recent.order_by().values_list("path").annotate(count=Count("pk")))
    return Arrivals(counts.get(Claim.Path.WEBHOOK, 0), counts.get(Claim.Path.SYNC, 0))


@dataclass(frozen=True, slots=True)
class Waits:
    """Time from claiming on the platform to the grant, for claims recorded in the last hour."""

    mean: timedelta | None
    longest: timedelta | None


def recent_waits(*, now: datetime) -> Waits:
    """Waits of the claims whose platform says when they were earned."""
    known = Claim.objects.filter(recorded_at__gte=now - RECENT, granted_at__isnull=False)
    wait = ExpressionWrapper(F("granted_at") - F("occurred_at"), output_field=DurationField())
    row = known.exclude(occurred_at=None).aggregate(mean=Avg(wait), longest=Max(wait))
    return Waits(**row)


def recently_missed(*, now: datetime) -> int:
    """The number of claims that reconcile found in the last hour and whose webhook was overdue."""
    runs = ReconcileRun.objects.filter(started_at__gte=now - RECENT, missed__gt=0)
    return sum(runs.values_list("missed", flat=True))


def campaigns_without_category() -> int:
    return Campaign.objects.filter(category="").count()


def disconnected_links() -> int:
    """The number of links whose authorization has ended at the platform."""
    return Authorization.objects.filter(disconnected_at__isnull=False).count()


def refused_authorizations() -> tuple[int, datetime | None]:
    """The number of links whose platform refuses to renew the authorization; the oldest refusal."""
    refused = Authorization.objects.refused()
    return refused.count(), refused.aggregate(oldest=Min("refused_since"))["oldest"]


@dataclass(frozen=True, slots=True)
class ChannelFaults:
    """Redemptions that need a decision, channels where one is overdue, and rewards at fault."""

    stuck: int
    waiting: list[str]
    rewards: list[str]


def channel_faults(*, now: datetime) -> ChannelFaults:
    overdue = Redemption.objects.filter(next_attempt_at__lt=now - REDEMPTION_OVERDUE)
    channels = Channel.objects.filter(rewards__redemptions__in=overdue).distinct()
    bad = Q(state__in=[ChannelReward.State.DELETED, ChannelReward.State.FOREIGN]) | ~Q(error="")
    ended = Q(state=ChannelReward.State.ENDED) | Q(offer__ends_at__lte=now)
    rewards = ChannelReward.objects.filter(bad, channel__is_active=True).exclude(ended)
    named = rewards.select_related("offer__reward", "channel").order_by("pk")
    return ChannelFaults(
        stuck=Redemption.objects.filter(state=Redemption.State.STUCK).count(),
        waiting=[str(one) for one in channels.order_by("name", "pk")[:NAMED_AT_MOST]],
        rewards=[str(one) for one in named[:NAMED_AT_MOST]],
    )


def deauthorizations_overdue(*, now: datetime) -> int:
    pending = Deauthorization.objects.filter(outcome=Deauthorization.Outcome.PENDING)
    return pending.filter(created_at__lt=now - timedelta(days=1)).count()


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Webhook endpoints by their state. `disabled` doesn't count those disabled by staff.

    `overdue_since`: since when the longest overdue message of an endpoint that works is due.
    """

    working: int
    failing: list[WebhookEndpoint]
    disabled: list[WebhookEndpoint]
    overdue_since: datetime | None


def webhook_endpoints(*, now: datetime) -> Endpoints:
    enabled = list(WebhookEndpoint.objects.enabled())
    working = [one for one in enabled if one.failing_since is None]
    overdue = WebhookDelivery.objects.due(now=now).filter(endpoint__in=working)
    return Endpoints(
        working=len(working),
        failing=[one for one in enabled if one.failing_since],
        disabled=list(WebhookEndpoint.objects.disabled_automatically()),
        overdue_since=overdue.values_list("next_attempt_at", flat=True).first(),
    )
