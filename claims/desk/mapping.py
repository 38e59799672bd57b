"""Mapping a reward with held claims: what it would do, and then doing it."""

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
    """A mapping names at least one item. To stop granting, end the campaign at Kick."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Of the claims that are held for want of this mapping; of some 2,000 of them if `is_more`."""

    granted_now: int
    then_waiting: int
    is_more: bool
    mapped_before: bool


def preview(*, reward: Reward) -> Preview:
    """What mapping this reward would do to what is held. Changes nothing."""
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
    """Map a reward to these items and nothing else, and start granting what waited for it.

    Touches future grants only. On a repeat the job finds nothing to do. Raises NothingMapped.
    """
    if not items:
        raise NothingMapped("A mapping names at least one item.")
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
    """A reward without items, and how many claims wait for it, of the first 2,000 that wait."""

    reward: Reward
    waiting: int


@dataclass(frozen=True, slots=True)
class Queue:
    """What the claims API revealed and nobody has named, categorised or mapped yet."""

    rewards: list[Unmapped]
    campaigns: list[Campaign]


def queue() -> Queue:
    """The rewards that most claims wait for come first; then the newest."""
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
