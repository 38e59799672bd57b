"""Follow-up work after a reward is mapped to items."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from claims.models import Claim, Reward, RewardItem
from studio_drops.monitoring.indicators import COUNTED_UP_TO


def note_first_mapping(*, reward_id: str, now: datetime) -> bool:
    """Store when a reward was first mapped. Repeats and unmapped rewards change nothing.

    From then on, the reward is never mapped automatically by its `external_id`, even if staff clear
    the mapping: they did so on purpose.
    """
    is_mapped = Exists(RewardItem.objects.filter(reward=OuterRef("pk")))
    unnoted = Reward.objects.filter(is_mapped, pk=reward_id, first_mapped_at__isnull=True)
    return bool(unnoted.update(first_mapped_at=now))


def count_waiting_for_mapping(*, reward_id: str) -> int:
    """The number of claims held because this reward maps to no item, at most 10,000."""
    waiting = Claim.objects.filter(
        status=Claim.Status.HELD,
        hold_reason=Claim.HoldReason.UNMAPPED_REWARD,
        reward_id=reward_id,
    )
    return waiting.values("reward_id")[:COUNTED_UP_TO].count()
