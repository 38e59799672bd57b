"""Previews and performs the mapping of a reward that has held claims."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from accounts.models import PlatformAccount
from claims.desk.actions import ActionContext
from claims.desk.attention import COUNTED_UP_TO
from claims.desk.audit import Subject, make_row
from claims.desk.bulk_jobs import start_job
from claims.mapping import note_first_mapping
from claims.models import AuditEvent, BulkJob, Campaign, Claim, Item, Reward, RewardItem

Items = Mapping[Item, int]


class NothingMapped(ValueError):
    """A mapping needs at least one item. To stop granting, end the campaign at Kick."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Counts of the claims waiting for this mapping; of about 2,000 of them if `is_more`."""

    granted_now: int
    then_waiting: int
    is_more: bool
    mapped_before: bool


def preview(*, reward: Reward) -> Preview:
    """The effect that mapping this reward would have on held claims. Changes nothing."""
    waiting = _waiting(reward).values_list("account_id", flat=True)
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
    )


def map_reward(*, reward: Reward, items: Items, act: ActionContext) -> BulkJob:
    """Replace a reward's mapping with these items, and start a job that grants waiting claims.

    Affects future grants only. On a repeat the job finds nothing to do. Raises NothingMapped.
    """
    if not items:
        raise NothingMapped("A mapping needs at least one item.")
    with transaction.atomic():
        _replace(reward, items, act)
        return start_job(
            kind=BulkJob.Kind.GRANT_MAPPED,
            reward_id=reward.pk,
            total=_waiting(reward).count(),
            act=act,
        )


def _replace(reward: Reward, items: Items, act: ActionContext) -> None:
    Reward.objects.select_for_update().get(pk=reward.pk)
    before = _mapped(reward)
    RewardItem.objects.filter(reward=reward).exclude(item__in=items).delete()
    for item, quantity in items.items():
        RewardItem.objects.update_or_create(
            reward=reward, item=item, defaults={"quantity": quantity}
        )
    note_first_mapping(reward_id=reward.pk, now=act.now)
    make_row(
        action=AuditEvent.Action.MAP,
        actor=act.actor,
        subject=Subject("reward", reward.pk),
        reason=act.reason,
        before=before,
        after=_mapped(reward),
        now=act.now,
    ).save()


def _mapped(reward: Reward) -> dict[str, int]:
    """sku -> quantity"""
    mapping = RewardItem.objects.filter(reward=reward).order_by("item__sku")
    return dict(mapping.values_list("item__sku", "quantity"))


def _waiting(reward: Reward) -> QuerySet[Claim]:
    return Claim.objects.filter(
        reward=reward,
        status=Claim.Status.HELD,
        hold_reason=Claim.HoldReason.UNMAPPED_REWARD,
    )


SHOWN_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A reward without items, with its number of waiting claims, among the first 2,000 waiting."""

    reward: Reward
    waiting: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Rewards without a mapping, and campaigns without a name or category."""

    rewards: list[Unmapped]
    campaigns: list[Campaign]


def queue() -> Queue:
    """Rewards with the most waiting claims come first, then the newest."""
    unmapped = Reward.objects.filter(mapping__isnull=True).prefetch_related("campaigns")
    rewards = list(unmapped.order_by("-created_at")[:SHOWN_AT_MOST])
    waiting = _waiting_by_reward()
    rows = [Unmapped(reward, waiting.get(reward.pk, 0)) for reward in rewards]
    unfinished = Campaign.objects.filter(Q(name="") | Q(category="")).order_by("-created_at")
    return Queue(
        rewards=sorted(rows, key=lambda row: -row.waiting),
        campaigns=list(unfinished[:SHOWN_AT_MOST]),
    )


def _waiting_by_reward() -> dict[str, int]:
    held = Claim.objects.filter(
        status=Claim.Status.HELD, hold_reason=Claim.HoldReason.UNMAPPED_REWARD
    )
    some = Claim.objects.filter(pk__in=held.values("pk")[:COUNTED_UP_TO])
    counts = some.order_by().values("reward_id").annotate(count=Count("pk"))
    return {row["reward_id"]: row["count"] for row in counts}
