"""Maps rewards to items. Nothing else writes `RewardItem`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet

from accounts.models import PlatformAccount
from claims.models import BulkJob, Claim, Item, Pause, Reward, RewardItem

# A quantity this many times the largest one before is probably a typing error.
UNUSUAL_FACTOR = 10
# Beyond this no one needs the exact number, and counting would cost more with every claim.
COUNTED_UP_TO = 2_000


@dataclass(frozen=True, slots=True)
class MappedReward:
    """A reward's mapping before and after, as sku -> quantity.

    `job` grants the claims that waited for the mapping; None if no claim waited.
    """

    reward_id: str
    before: dict[str, int]
    after: dict[str, int]
    job: BulkJob | None


@transaction.atomic
def map_rewards(
    mappings: Mapping[str, Mapping[Item, int]],
    *,
    actor: str,
    now: datetime,
    is_automatic: bool = False,
) -> list[MappedReward]:
    """Replace the mapping of each reward (by ID) with these items and quantities.

    An empty mapping is allowed: claims of that reward are held from then on. Affects future grants
    only. If held claims wait for a mapping, a bulk job that grants them is created in the same
    transaction, in the name of `actor`. A worker runs it within ten seconds, or at once if the
    caller wakes one.

    With `is_automatic`, a reward that was ever mapped is left alone, even if staff have cleared its
    mapping: they did so on purpose. Locks the rewards in key order. On a repeat the rows stay the
    same, and a job is created only if claims wait again.
    """
    locked = Reward.objects.select_for_update().filter(pk__in=mappings).order_by("pk")
    rewards = list(locked)
    before: dict[str, dict[str, int]] = {reward.pk: {} for reward in rewards}
    rows = RewardItem.objects.filter(reward__in=before).order_by("item__sku")
    for reward_id, sku, quantity in rows.values_list("reward_id", "item__sku", "quantity"):
        before[reward_id][sku] = quantity
    if is_automatic:
        rewards = [one for one in rewards if not one.first_mapped_at and not before[one.pk]]

    after = {one.pk: {item.sku: n for item, n in mappings[one.pk].items()} for one in rewards}
    for reward_id in after:
        if before[reward_id].keys() - after[reward_id].keys():
            rows.filter(reward=reward_id).exclude(item__in=mappings[reward_id]).delete()
    RewardItem.objects.bulk_create(
        [
            RewardItem(reward_id=reward_id, item=item, quantity=quantity)
            for reward_id in after
            for item, quantity in mappings[reward_id].items()
        ],
        update_conflicts=True,
        unique_fields=["reward", "item"],
        update_fields=["quantity"],
    )
    mapped = [reward_id for reward_id in after if after[reward_id]]
    Reward.objects.filter(pk__in=mapped, first_mapped_at=None).update(first_mapped_at=now)
    jobs = _create_jobs(mapped, actor=actor, now=now)
    return [MappedReward(pk, before[pk], after[pk], jobs.get(pk)) for pk in after]


def _create_jobs(reward_ids: list[str], *, actor: str, now: datetime) -> dict[str, BulkJob]:
    waiting = claims_without_mapping().filter(reward_id__in=reward_ids)
    counts = waiting.order_by().values_list("reward_id").annotate(count=Count("pk"))
    return {
        reward_id: BulkJob.objects.create(
            kind=BulkJob.Kind.GRANT_MAPPED,
            reward_id=reward_id,
            actor=actor,
            total=count,
            created_at=now,
        )
        for reward_id, count in counts
    }


def claims_without_mapping() -> QuerySet[Claim]:
    """Claims held because their reward maps to no item."""
    return Claim.objects.held(Claim.HoldReason.UNMAPPED_REWARD)


def unusual_quantities(quantities: Mapping[str, int], *, reward_id: str) -> dict[str, int]:
    """The SKUs whose quantity is at least ten times the largest that any other reward gives.

    Returns that largest quantity of each: of the item itself, or of all items if the item is new. A
    first mapping has nothing to compare with.
    """
    others = RewardItem.objects.exclude(reward=reward_id)
    of_items = others.filter(item__sku__in=quantities).order_by()
    largest = dict(of_items.values_list("item__sku").annotate(Max("quantity")))
    of_all = others.aggregate(largest=Max("quantity"))["largest"]
    compared = {sku: largest.get(sku, of_all) for sku in quantities}
    return {
        sku: compared[sku]
        for sku, quantity in quantities.items()
        if compared[sku] and quantity >= UNUSUAL_FACTOR * compared[sku]
    }


@dataclass(frozen=True, slots=True)
class Preview:
    """Counts of the claims waiting for this mapping; of about 2,000 of them if `is_more`.

    `is_paused`: staff have paused the reward or one of its campaigns, so its claims stay held.
    """

    granted_now: int
    then_waiting: int
    is_more: bool
    mapped_before: bool
    is_paused: bool


def preview_mapping(*, reward: Reward) -> Preview:
    """The effect that mapping this reward would have on held claims. Changes nothing."""
    waiting = claims_without_mapping().filter(reward=reward).values_list("account_id", flat=True)
    accounts = list(waiting[: COUNTED_UP_TO + 1])
    counted = accounts[:COUNTED_UP_TO]
    linked = PlatformAccount.objects.filter(pk__in=set(counted), player__isnull=False)
    linked_ids = set(linked.values_list("pk", flat=True))
    granted_now = sum(account in linked_ids for account in counted)
    return Preview(
        granted_now=granted_now,
        then_waiting=len(counted) - granted_now,
        is_more=len(accounts) > COUNTED_UP_TO,
        mapped_before=reward.first_mapped_at is not None,
        is_paused=Pause.objects.filter(Q(reward=reward) | Q(campaign__rewards=reward)).exists(),
    )


@dataclass(frozen=True, slots=True)
class UnmappedReward:
    """A reward without items, with its number of waiting claims, among the first 2,000 waiting."""

    reward: Reward
    waiting: int


def list_unmapped_rewards(*, limit: int) -> list[UnmappedReward]:
    """The newest rewards without items. Those with the most waiting claims come first."""
    unmapped = Reward.objects.filter(mapping__isnull=True).prefetch_related("campaigns")
    some = Claim.objects.filter(pk__in=claims_without_mapping().values("pk")[:COUNTED_UP_TO])
    counts = some.order_by().values_list("reward_id").annotate(count=Count("pk"))
    waiting: dict[str, int] = dict(counts)
    rows = [
        UnmappedReward(reward, waiting.get(reward.pk, 0))
        for reward in unmapped.order_by("-created_at")[:limit]
    ]
    return sorted(rows, key=lambda row: -row.waiting)
