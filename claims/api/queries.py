"""Queries for game servers: players' entitlements, and their links to platforms."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from accounts.models import Authorization, PlatformAccount, Purpose
from claims.entitlement_ids import entitlement_id
from claims.models import Entitlement
from core.deadlocks import retry_deadlock_once
from core.sql_values import from_db


@dataclass(frozen=True, slots=True)
class ListedEntitlement:
    """An entitlement as game servers see it. They know its `public_id`; `id` is only for paging.

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
    source: str
    account: str
    campaign_id: str | None
    reward_id: str
    first_listed_at: datetime | None
    test: bool

    @property
    def public_id(self) -> str:
        return entitlement_id(self.claim_id, self.sku)

    @property
    def platform(self) -> str | None:
        """None for a manual grant."""
        return self.account.partition(":")[0] or None


# Plain SQL, because game servers poll it and Django takes longer to build this statement than
# PostgreSQL takes to run it. LEFT JOIN: a deleted campaign must not hide its entitlements.
_LIST = """
    SELECT entitlement.id, player.game_account_id, sku, entitlement.quantity, entitlement.status,
        entitlement.granted_at, fulfilled_at, fulfilment_id,
        entitlement.claim_id, claim.source, COALESCE(claim.account_id, ''),
        claim.campaign_id, claim.reward_id,
        first_listed_at, COALESCE(campaign.is_test, FALSE)
    FROM claims_entitlement AS entitlement
    JOIN accounts_player AS player ON player.id = entitlement.player_id
    JOIN claims_claim AS claim ON claim.claim_id = entitlement.claim_id
    LEFT JOIN claims_campaign AS campaign ON campaign.campaign_id = claim.campaign_id
    WHERE entitlement.id > %(after_id)s AND {conditions}
    ORDER BY entitlement.id LIMIT %(limit)s
"""

_TIMES = [
    number
    for number, column in enumerate(fields(ListedEntitlement))
    if column.name in {"granted_at", "fulfilled_at", "first_listed_at"}
]


def list_entitlements(
    *,
    game_account_id: str | None,
    statuses: Sequence[str],
    categories: Sequence[str],
    after_id: int,
    limit: int,
) -> list[ListedEntitlement]:
    """At most `limit` entitlements with an id above `after_id`, in id order.

    `game_account_id` None: all players. No categories: all categories. One read-only statement.
    """
    parameters: dict[str, Any] = {
        "after_id": after_id,
        "limit": limit,
        "game_account_id": game_account_id,
    }
    named = {f"category_{number}": category for number, category in enumerate(categories)}
    # Literals: with a parameter, PostgreSQL can't tell that a partial index covers the statuses.
    literals = ", ".join(f"'{Entitlement.Status(status).value}'" for status in statuses)
    conditions = [f"entitlement.status IN ({literals})"]
    if game_account_id is not None:
        conditions.append("player.game_account_id = %(game_account_id)s")
    if categories:
        conditions.append(f"campaign.category IN ({', '.join(f'%({name})s' for name in named)})")
    with connection.cursor() as cursor:
        cursor.execute(_LIST.format(conditions=" AND ".join(conditions)), parameters | named)
        rows = cursor.fetchall()
    if connection.vendor == "sqlite":  # It stores times without an offset, booleans as numbers.
        rows = [list(row) for row in rows]
        for row in rows:
            row[-1] = bool(row[-1])
            for index in _TIMES:
                row[index] = from_db(row[index])
    return [ListedEntitlement(*row) for row in rows]


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
