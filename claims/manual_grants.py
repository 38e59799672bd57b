"""What staff grant by hand: a claim of our own, which Kick knows nothing of.

It keeps the ledger's promises with the ledger's means: one transaction, unique keys behind it, and
the statement that copies a reward's items for every other claim. It has no Kick user to lock.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.models import Player
from claims import ledger_sql
from claims.models import CampaignReward, Claim, Entitlement
from core.deadlocks import retry_deadlock_once
from core.sql_values import to_db


class NothingToGrant(ValueError):
    """The reward maps to no item, or is not in that campaign. Map it first."""


@dataclass(frozen=True, slots=True)
class ManualGrant:
    """`items`, sku -> quantity, is what the claim gave; `is_new` says that it did so just now."""

    claim: Claim
    items: dict[str, int]
    is_new: bool


@retry_deadlock_once
@transaction.atomic
def grant_by_hand(
    *, player: Player, pair: CampaignReward, grant_id: uuid.UUID, now: datetime
) -> ManualGrant:
    """Give a player all that a reward maps to, or nothing.

    On a repeat with the same `grant_id` nothing is given again, whatever else it names, and the
    first claim is returned. Raises NothingToGrant.
    """
    claim_id = f"manual-{grant_id.hex}"
    parameters = {
        "claim_id": claim_id,
        "campaign_id": pair.campaign_id,
        "reward_id": pair.reward_id,
        "player_id": player.pk,
        "now": to_db(now),
    }
    is_new = bool(_execute(ledger_sql.WRITE_MANUAL_CLAIM, parameters))
    if is_new:
        _execute(ledger_sql.ENTITLE_MANUAL_CLAIM, parameters)
    owed = Entitlement.objects.filter(claim=claim_id).order_by("sku")
    items = dict(owed.values_list("sku", "quantity"))
    if not items:  # unmapped; be it between the two statements, then the claim goes with this
        raise NothingToGrant(f"The reward {pair.reward_id} maps to no item. Map it first.")
    return ManualGrant(Claim.objects.get(pk=claim_id), items, is_new)


def _execute(statement: str, parameters: dict[str, Any]) -> int:
    """How many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
