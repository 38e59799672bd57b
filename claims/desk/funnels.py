"""Counts each reward's claims by step, in the background. Pages show the last count."""

from datetime import datetime, timedelta

from django.db.models import Count, Q

from claims.desk.attention import count_some
from claims.mapping import COUNTED_UP_TO
from claims.models import Campaign, Claim, RewardFunnel

# The page recounts older counts itself, if that is cheap.
FRESH_FOR = timedelta(minutes=10)
COUNTED_AFTER_ITS_END = timedelta(days=7)
STEPS = ("claimed", "linked", "granted", "fulfilled", "reported")


def count_running_funnels(*, now: datetime) -> int:
    """Count all running and recently ended campaigns. Returns how many were counted."""
    due = Campaign.objects.all().running(now=now, or_over_for=COUNTED_AFTER_ITS_END)
    for campaign in due:
        count_funnels(campaign_id=campaign.pk, now=now)
    return len(due)


def count_funnels(*, campaign_id: str, now: datetime) -> None:
    """Count a campaign's claims by reward, in one statement, and store the totals.

    Manual grants aren't counted, since no one claimed them.
    """
    claims = Claim.objects.filter(campaign=campaign_id).exclude(path=Claim.Path.MANUAL)
    rows = (
        claims.order_by()
        .values("reward_id")
        .annotate(
            claimed=Count("pk"),
            linked=Count("pk", filter=Q(account__player__isnull=False)),
            granted=Count("pk", filter=~Q(status=Claim.Status.HELD)),
            fulfilled=Count("pk", filter=Q(report__isnull=False)),
            reported=Count("pk", filter=Q(report__reported_at__isnull=False)),
        )
    )
    RewardFunnel.objects.bulk_create(
        [RewardFunnel(campaign_id=campaign_id, counted_at=now, **row) for row in rows],
        update_conflicts=True,
        unique_fields=["campaign_id", "reward_id"],
        update_fields=[*STEPS, "counted_at"],
    )


def funnels_of(*, campaign_id: str, now: datetime) -> dict[str, RewardFunnel]:
    """The campaign's funnels by reward id. A stale count is renewed if the campaign is small."""
    kept = RewardFunnel.objects.filter(campaign_id=campaign_id)
    by_reward = {funnel.reward_id: funnel for funnel in kept}
    is_fresh = any(now - funnel.counted_at < FRESH_FOR for funnel in by_reward.values())
    if is_fresh or count_some(Claim.objects.filter(campaign=campaign_id)) > COUNTED_UP_TO:
        return by_reward
    count_funnels(campaign_id=campaign_id, now=now)
    return {funnel.reward_id: funnel for funnel in kept.all()}
