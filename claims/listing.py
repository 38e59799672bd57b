"""Lists entitlements as game servers see them: in the API and in webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from claims.entitlement_ids import entitlement_id
from claims.models import Entitlement
from core.sql_values import from_db


@dataclass(frozen=True, slots=True)
class ListedEntitlement:
    """An entitlement as game servers see it. They know its `public_id`; `id` is only for paging.

    `category` is its campaign's, or "". `test`: its campaign is in test mode.
    """

    id: int
    game_account_id: str
    sku: str
    quantity: int
    status: str
    granted_at: datetime
    fulfilled_at: datetime | None
    fulfilment_id: str
    revoked_at: datetime | None
    claim_id: str
    source: str
    account: str
    campaign_id: str | None
    reward_id: str
    first_listed_at: datetime | None
    announced_in: int | None
    player_id: int
    category: str
    test: bool

    @property
    def public_id(self) -> str:
        return entitlement_id(self.claim_id, self.sku)

    @property
    def platform(self) -> str | None:
        """None for a manual grant."""
        return self.account.partition(":")[0] or None

    def as_json(self) -> dict[str, Any]:
        """The values for JSON. Its keys are those of `EntitlementSerializer`."""
        return {
            "id": self.public_id,
            "game_account_id": self.game_account_id,
            "sku": self.sku,
            "quantity": self.quantity,
            "status": self.status,
            "granted_at": utc(self.granted_at),
            "fulfilled_at": utc(self.fulfilled_at) if self.fulfilled_at else None,
            "fulfilment_id": self.fulfilment_id or None,
            "revoked_at": utc(self.revoked_at) if self.revoked_at else None,
            "platform": self.platform,
            "source": self.source,
            "claim_id": self.claim_id,
            "campaign_id": self.campaign_id,
            "reward_id": self.reward_id,
            "test": self.test,
        }


def utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


# Plain SQL, because game servers poll it and Django takes longer to build this statement than
# PostgreSQL takes to run it. LEFT JOIN: a deleted campaign must not hide its entitlements.
_LIST = """
    SELECT entitlement.id, player.game_account_id, sku, entitlement.quantity, entitlement.status,
        entitlement.granted_at, fulfilled_at, fulfilment_id, entitlement.revoked_at,
        entitlement.claim_id, claim.source, COALESCE(claim.account_id, ''),
        claim.campaign_id, claim.reward_id, first_listed_at, announced_in, entitlement.player_id,
        COALESCE(campaign.category, ''), COALESCE(campaign.is_test, FALSE)
    FROM claims_entitlement AS entitlement
    JOIN accounts_player AS player ON player.id = entitlement.player_id
    JOIN claims_claim AS claim ON claim.claim_id = entitlement.claim_id
    LEFT JOIN claims_campaign AS campaign ON campaign.campaign_id = claim.campaign_id
    WHERE {conditions}
    ORDER BY {order} LIMIT %(limit)s
"""

_TIMES = [
    number
    for number, column in enumerate(fields(ListedEntitlement))
    if column.name in {"granted_at", "fulfilled_at", "revoked_at", "first_listed_at"}
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
    # Literals: with a parameter, PostgreSQL can't tell that a partial index covers the statuses.
    literals = ", ".join(f"'{Entitlement.Status(status).value}'" for status in statuses)
    conditions = ["entitlement.id > %(after_id)s", f"entitlement.status IN ({literals})"]
    if game_account_id is not None:
        conditions.append("player.game_account_id = %(game_account_id)s")
    return _list(
        conditions,
        {"after_id": after_id, "game_account_id": game_account_id},
        categories=categories,
        order="entitlement.id",
        limit=limit,
    )


def list_changes(
    *, after: tuple[int, int], categories: Sequence[str], limit: int
) -> list[ListedEntitlement]:
    """At most `limit` announced entitlements after a position, in the order of their last change.

    A position is `(announced_in, id)` of the last entitlement that was read; `(0, 0)` at first. One
    read-only statement. `claims.webhooks.announcing` says why no change is skipped.
    """
    return _list(
        [
            "announced_in IS NOT NULL",
            "(announced_in, entitlement.id) > (%(after_batch)s, %(after_id)s)",
        ],
        {"after_batch": after[0], "after_id": after[1]},
        categories=categories,
        order="announced_in, entitlement.id",
        limit=limit,
    )


def list_by_id(entitlement_ids: Sequence[int]) -> list[ListedEntitlement]:
    """These entitlements, in id order. One read-only statement."""
    numbers = ", ".join(str(int(one)) for one in entitlement_ids)
    return _list(
        [f"entitlement.id IN ({numbers})"],
        {},
        categories=(),
        order="entitlement.id",
        limit=len(entitlement_ids),
    )


def _list(
    conditions: list[str],
    parameters: dict[str, Any],
    *,
    categories: Sequence[str],
    order: str,
    limit: int,
) -> list[ListedEntitlement]:
    named = {f"category_{number}": category for number, category in enumerate(categories)}
    if categories:
        listed = ", ".join(f"%({name})s" for name in named)
        conditions = [*conditions, f"campaign.category IN ({listed})"]
    statement = _LIST.format(conditions=" AND ".join(conditions), order=order)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters | named | {"limit": limit})
        rows = cursor.fetchall()
    if connection.vendor == "sqlite":  # It stores times without an offset, booleans as numbers.
        rows = [list(row) for row in rows]
        for row in rows:
            row[-1] = bool(row[-1])
            for index in _TIMES:
                row[index] = from_db(row[index])
    return [ListedEntitlement(*row) for row in rows]
