"""The figures of a campaign's launch, as they are now.

Each query reads at most SAMPLE of the newest or oldest rows, so the page costs the same at 10
claims a second as at 10,000.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from claims.desk.figures import Waits, summarize_waits
from claims.models import ApiKey, Campaign, Claim, Entitlement, QuarantinedDelivery

SAMPLE = 1_000
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class GameServer:
    """An API key that can see the campaign, and how long ago it was used."""

    name: str
    ago: timedelta | None


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """Of the last minute, or of the newest SAMPLE claims if there were more.

    `per_minute` is then an estimate, and `is_estimate` is true. `share_by_webhook` and
    `share_granted` are percentages, None without claims. `oldest_undelivered`: how long the
    campaign's oldest granted item has waited for the game; `is_behind`: it's behind more than
    SAMPLE items of other campaigns, so it isn't known.
    """

    per_minute: int
    is_estimate: bool
    share_by_webhook: int | None
    share_granted: int | None
    waits: Waits
    deliveries: Waits
    oldest_undelivered: timedelta | None
    is_behind: bool
    unusable: int
    servers: list[GameServer]


def read_live_figures(*, campaign: Campaign, now: datetime) -> LiveFigures:
    columns = ("campaign_id", "recorded_at", "path", "granted_at", "occurred_at", "received_at")
    recent = Claim.objects.filter(recorded_at__gt=now - MINUTE).order_by("-recorded_at")
    sample = list(recent.values_list(*columns, "first_hold_reason")[:SAMPLE])
    ours = [row for row in sample if row[0] == campaign.pk]
    count = len(ours)
    is_estimate = len(sample) == SAMPLE
    span = now - sample[-1][1] if is_estimate else MINUTE
    by_webhook = sum(row[2] == Claim.Path.WEBHOOK for row in ours)
    granted = [row for row in ours if row[3]]
    waits = [max(row[3] - (row[4] or row[5]), timedelta()) for row in granted if not row[6]]
    oldest, is_behind = _oldest_undelivered(campaign, now)
    return LiveFigures(
        per_minute=round(count * (MINUTE / span)) if span else count,
        is_estimate=is_estimate,
        share_by_webhook=_share(by_webhook, count),
        share_granted=_share(len(granted), count),
        waits=summarize_waits(waits),
        deliveries=summarize_waits(_delivery_times(campaign)),
        oldest_undelivered=oldest,
        is_behind=is_behind,
        unusable=QuarantinedDelivery.objects.recent_unusable(now=now).count(),
        servers=_game_servers(campaign, now),
    )


def _share(part: int, whole: int) -> int | None:
    # Rounded down, so that 100 % means all.
    return 100 * part // whole if whole else None


def _delivery_times(campaign: Campaign) -> Sequence[timedelta]:
    """From the grant to the delivery, of the campaign's newest delivered items."""
    newest = Entitlement.objects.order_by("-pk").values_list(
        "claim_id", "granted_at", "fulfilled_at"
    )
    rows = list(newest[:SAMPLE])
    ours = _claims_of(campaign, {claim_id for claim_id, _, _ in rows})
    return [
        fulfilled_at - granted_at
        for claim_id, granted_at, fulfilled_at in rows
        if claim_id in ours and fulfilled_at
    ]


def _oldest_undelivered(campaign: Campaign, now: datetime) -> tuple[timedelta | None, bool]:
    queue = Entitlement.objects.filter(status=Entitlement.Status.GRANTED).order_by("pk")
    oldest = list(queue.values_list("claim_id", "granted_at")[:SAMPLE])
    ours = _claims_of(campaign, {claim_id for claim_id, _ in oldest})
    times = [granted_at for claim_id, granted_at in oldest if claim_id in ours]
    if times:
        return now - min(times), False
    return None, len(oldest) == SAMPLE


def _claims_of(campaign: Campaign, claim_ids: Collection[str]) -> set[str]:
    """Those of these claims that are the campaign's.

    A query of its own, because PostgreSQL would join with all claims, and the campaign isn't a
    condition, because it would then read all of the campaign's claims.
    """
    found = Claim.objects.filter(pk__in=claim_ids).values_list("pk", "campaign_id")
    return {pk for pk, campaign_id in found if campaign_id == campaign.pk}


def _game_servers(campaign: Campaign, now: datetime) -> list[GameServer]:
    keys = ApiKey.objects.active(now=now).order_by("name")
    return [
        GameServer(key.name, now - key.last_used_at if key.last_used_at else None)
        for key in keys
        if not key.categories or campaign.category in key.categories
    ]
