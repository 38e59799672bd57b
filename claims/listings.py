"""What game servers ask: what players are owed, and to whom a player is linked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import BooleanField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import KickUser
from claims.entitlement_ids import entitlement_id
from claims.locks import retry_deadlock_once
from claims.models import Campaign, Claim, Entitlement


@dataclass(frozen=True, slots=True)
class ListedEntitlement:
    """An entitlement as a game server sees it, by its `public_id`; `id` is for paging alone.

    `test`: its campaign is in test mode.
    """

    id: int
    game_account_id: str
    sku: str
    quantity: int
    status: str
    granted_at: datetime
    fulfilled_at: datetime | None
    fulfilment_id: str
    claim_id: str
    campaign_id: str
    reward_id: str
    first_listed_at: datetime | None
    test: bool

    @property
    def public_id(self) -> str:
        return entitlement_id(self.claim_id, self.sku)


def list_entitlements(
    *,
    game_account_id: str | None,
    statuses: Sequence[str],
    categories: Sequence[str],
    after_id: int,
    limit: int,
) -> list[ListedEntitlement]:
    """At most `limit` entitlements with an id above `after_id`, in the order of their ids.

    No game account id: everybody's. No categories: all. One statement, which changes nothing.
    """
    entitlements = visible_to(categories).filter(pk__gt=after_id, status__in=statuses)
    if game_account_id is not None:
        entitlements = entitlements.filter(player__game_account_id=game_account_id)
    # A subquery and not a join, because a campaign that was deleted must not hide what is owed.
    is_test = Campaign.objects.filter(pk=OuterRef("claim__campaign_id")).values("is_test")
    rows = entitlements.order_by("pk").values_list(
        "id",
        "player__game_account_id",
        "sku",
        "quantity",
        "status",
        "granted_at",
        "fulfilled_at",
        "fulfilment_id",
        "claim_id",
        "claim__campaign_id",
        "claim__reward_id",
        "first_listed_at",
        Coalesce(Subquery(is_test), False, output_field=BooleanField()),
    )
    return [ListedEntitlement(*row) for row in rows[:limit]]


def visible_to(categories: Sequence[str]) -> QuerySet[Entitlement]:
    """What a key limited to these categories may see; a blank category is nobody's but all's."""
    if not categories:
        return Entitlement.objects.all()
    return Entitlement.objects.filter(claim__campaign__category__in=categories)


def visible_claims(categories: Sequence[str]) -> QuerySet[Claim]:
    """The claims of what `visible_to` shows."""
    if not categories:
        return Claim.objects.all()
    return Claim.objects.filter(campaign__category__in=categories)


@retry_deadlock_once
@transaction.atomic
def mark_first_listed(*, entitlement_ids: Sequence[int], now: datetime) -> int:
    """Note when these were first listed to a game server; a repeat changes nothing. One statement.

    Call it only for those that a listing showed as unmarked, so that polling writes nothing.
    """
    unmarked = Entitlement.objects.filter(pk__in=entitlement_ids, first_listed_at__isnull=True)
    in_key_order = unmarked.order_by("pk").select_for_update(no_key=True)
    return Entitlement.objects.filter(pk__in=in_key_order.values("pk")).update(first_listed_at=now)


def find_linked_kick_user(*, game_account_id: str) -> KickUser | None:
    """The Kick user that this player is linked to; None, too, for a player never seen here."""
    return KickUser.objects.filter(player__game_account_id=game_account_id).first()
