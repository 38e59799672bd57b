"""Figures for the overview. Past hours are counted once; the rest are samples of the newest rows.

That way the page costs the same on the last day of a campaign as on the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncHour

from claims.models import Campaign, Claim, ClaimHour, Entitlement

HOURS = 24
HOUR = timedelta(hours=1)
# A claim's row may appear up to this much later than its `recorded_at`.
SETTLED_AFTER = timedelta(minutes=10)
SAMPLE = 1000
COMING_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Hour:
    """The claims of all sources recorded in one hour."""

    began_at: datetime
    granted_at_once: int = 0
    held_first: int = 0
    by_webhook: int = 0
    by_sync: int = 0


def claims_per_hour(*, now: datetime) -> list[Hour]:
    """The last 24 hours, including empty hours. The current hour comes last."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    wanted = [this_hour - n * HOUR for n in reversed(range(HOURS))]
    kept = list(ClaimHour.objects.filter(began_at__in=wanted))
    missing = sorted(set(wanted) - {row.began_at for row in kept})
    counted = _count(missing) if missing else []
    over = [row for row in counted if row.began_at + HOUR + SETTLED_AFTER <= now]
    ClaimHour.objects.bulk_create(over, ignore_conflicts=True)
    hours = []
    for hour in wanted:
        of_hour = [row for row in (*kept, *counted) if row.began_at == hour]
        names = ("granted_at_once", "held_first", "by_webhook", "by_sync")
        sums = {name: sum(getattr(row, name) for row in of_hour) for name in names}
        hours.append(Hour(hour, **sums))
    return hours


def _count(hours: Sequence[datetime]) -> list[ClaimHour]:
    """Count all hours by source in one statement, with one pass through an index.

    An hour without claims gets a row of no source, so that it isn't counted again.
    """
    recorded = Claim.objects.filter(
        recorded_at__gte=min(hours), recorded_at__lt=max(hours) + HOUR
    ).order_by()
    rows = recorded.values("source", began_at=TruncHour("recorded_at")).annotate(
        granted_at_once=Count("pk", filter=Q(first_hold_reason="")),
        held_first=Count("pk", filter=~Q(first_hold_reason="")),
        by_webhook=Count("pk", filter=Q(path=Claim.Path.WEBHOOK)),
        by_sync=Count("pk", filter=Q(path=Claim.Path.SYNC)),
    )
    counted = [ClaimHour(**row) for row in rows if row["began_at"] in hours]
    empty = set(hours) - {row.began_at for row in counted}
    return counted + [ClaimHour(began_at=hour, source="") for hour in empty]


@dataclass(frozen=True, slots=True)
class Waits:
    """Time from claim to grant: median and 99th percentile. None if there are no claims."""

    count: int
    median: timedelta | None
    slowest: timedelta | None


@dataclass(frozen=True, slots=True)
class TimesToGrant:
    """Of the newest 1,000 claims: those granted immediately, and those held first."""

    at_once: Waits
    held_first: Waits


def times_to_grant() -> TimesToGrant:
    """Measured from the claim at Kick if its time is known, else from its arrival here."""
    columns = ("first_hold_reason", "occurred_at", "received_at", "granted_at")
    newest = Claim.objects.order_by("-recorded_at").values_list(*columns)[:SAMPLE]
    at_once: list[timedelta] = []
    held: list[timedelta] = []
    for reason, created_at, received_at, granted_at in newest:
        if granted_at:
            wait = max(granted_at - (created_at or received_at), timedelta())
            (held if reason else at_once).append(wait)
    return TimesToGrant(summarize_waits(at_once), summarize_waits(held))


def summarize_waits(unsorted: Sequence[timedelta]) -> Waits:
    waits = sorted(unsorted)
    if not waits:
        return Waits(0, None, None)
    last = len(waits) - 1
    return Waits(len(waits), waits[last // 2], waits[round(last * 0.99)])


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """The newest 1,000 entitlements by status."""

    total: int
    by_status: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> int:
        """Percentage of fulfilled entitlements among those not revoked. 0 if there are none."""
        owed = self.total - self.by_status.get(Entitlement.Status.REVOKED, 0)
        return (
            round(100 * self.by_status.get(Entitlement.Status.FULFILLED, 0) / owed) if owed else 0
        )


def fulfilment() -> Fulfilment:
    newest = Entitlement.objects.order_by("-pk").values_list("status", flat=True)[:SAMPLE]
    by_status: dict[str, int] = {}
    for status in newest:
        by_status[status] = by_status.get(status, 0) + 1
    return Fulfilment(total=sum(by_status.values()), by_status=by_status)


@dataclass(frozen=True, slots=True)
class RunningCampaign:
    """`day` of `days`, both counted from 1. `days` is None if no end date is set."""

    campaign: Campaign
    day: int
    days: int | None
    is_in_grace: bool


@dataclass(frozen=True, slots=True)
class ComingCampaign:
    """A campaign that starts later. `days`: until it starts, rounded down."""

    campaign: Campaign
    days: int
    rewards: int
    unmapped: int


def coming_campaigns(*, now: datetime) -> list[ComingCampaign]:
    """The next ten campaigns to start, in one query."""
    mapped = Q(rewards__mapping__isnull=False)
    campaigns: QuerySet[Any] = Campaign.objects.coming(now=now).annotate(
        all_rewards=Count("rewards", distinct=True),
        mapped_rewards=Count("rewards", filter=mapped, distinct=True),
    )
    return [
        ComingCampaign(
            campaign,
            days=((campaign.starts_at or now) - now).days,
            rewards=campaign.all_rewards,
            unmapped=campaign.all_rewards - campaign.mapped_rewards,
        )
        for campaign in campaigns[:COMING_AT_MOST]
    ]


def running_campaigns(*, now: datetime) -> list[RunningCampaign]:
    """Campaigns that have started and whose grace period hasn't ended."""
    running = []
    for campaign in Campaign.objects.order_by("starts_at").running(now=now):
        starts_at, ends_at = campaign.starts_at or now, campaign.ends_at
        days = -((starts_at - ends_at) // timedelta(days=1)) if ends_at else None
        day = (now - starts_at).days + 1
        running.append(
            RunningCampaign(
                campaign,
                day=min(day, days) if days else day,
                days=days,
                is_in_grace=ends_at is not None and now > ends_at,
            )
        )
    return running
