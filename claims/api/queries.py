"""Queries for game servers: which entitlements were listed, and players' links to platforms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import Authorization, PlatformAccount, Purpose
from claims.models import Entitlement
from core.deadlocks import retry_deadlock_once


@retry_deadlock_once
@transaction.atomic
def mark_first_listed(*, entitlement_ids: Sequence[int], now: datetime) -> int:
    """Record when these were first listed to a game server. A repeat changes nothing.

    One statement. Call it only for rows listed without `first_listed_at`, so that polling doesn't
    write.
    """
    unmarked = Entitlement.objects.filter(pk__in=entitlement_ids, first_listed_at__isnull=True)
    in_key_order = unmarked.order_by("pk").select_for_update(no_key=True)
    return Entitlement.objects.filter(pk__in=in_key_order.values("pk")).update(first_listed_at=now)


@dataclass(frozen=True, slots=True)
class Link:
    """A player's link to a platform account. `is_disconnected`: its owner must connect again."""

    platform: str
    user_id: str
    name: str
    linked_at: datetime
    is_disconnected: bool


def list_links(*, game_account_id: str) -> list[Link]:
    """The player's links, by platform. Empty if there are none, or for an unknown player."""
    disconnected = Authorization.objects.filter(
        account=OuterRef("pk"), purpose=Purpose.PLAYER, disconnected_at__isnull=False
    )
    accounts = PlatformAccount.objects.filter(player__game_account_id=game_account_id)
    return [
        Link(
            platform=account.platform,
            user_id=account.user_id,
            name=account.name,
            linked_at=account.linked_at or account.first_seen_at,
            is_disconnected=account.is_disconnected,
        )
        for account in accounts.annotate(is_disconnected=Exists(disconnected)).order_by("platform")
    ]
