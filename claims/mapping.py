"""What follows when ops map a reward to items."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from claims.models import Claim, Reward, RewardItem
from studio_drops.monitoring.indicators import COUNTED_UP_TO


def note_first_mapping(*, reward_id: str, now: datetime) -> bool:
    """Note when a reward was first mapped, once; a repeat, and an unmapped reward, change nothing.

    From then on the claims API's `external_id` never maps it by itself, even if ops empty the
    mapping: they had their reason.
    """
    is_mapped = Exists(RewardItem.objects.filter(reward=OuterRef("pk")))
    unnoted = Reward.objects.filter(is_mapped, pk=reward_id, first_mapped_at__isnull=True)
    return bool(unnoted.update(first_mapped_at=now))


def count_waiting_for_mapping(*, reward_id: str) -> int:
    """How many claims are held because this reward maps to no item; 10,000 at most."""
    waiting = Claim.objects.filter(
        status=Claim.Status.HELD,
        hold_reason=Claim.HoldReason.UNMAPPED_REWARD,
        reward_id=reward_id,
    )
    return waiting.values("reward_id")[:COUNTED_UP_TO].count()
