"""Manual grants: staff give a player a reward's items through a claim that no platform knows.

They keep the ledger's promises in the same way: one transaction, guarded by unique keys, and the
same SQL to copy a reward's items. There is no platform account to lock.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.models import Player
from claims import ledger_sql
from claims.models import CampaignReward, Claim, Entitlement, Offer
from core.deadlocks import retry_deadlock_once
from core.sql_values import to_db


class NothingToGrant(ValueError):
    """The reward maps to no item. Map it first."""


@dataclass(frozen=True, slots=True)
class ManualGrant:
    """`items` has the granted quantity per SKU. `is_new` is False if the grant existed already."""

    claim: Claim
    items: dict[str, int]
    is_new: bool


def manual_claim_id(grant_id: uuid.UUID) -> str:
    return f"manual-{grant_id.hex}"


@retry_deadlock_once
@transaction.atomic
def grant_by_hand(
    *, player: Player, pair: CampaignReward | Offer, grant_id: uuid.UUID, now: datetime
) -> ManualGrant:
    """Grant a player all items of a reward, or none.

    On a repeat with the same `grant_id`, nothing is granted again, even if the other arguments
    differ, and the first claim is returned. Raises NothingToGrant.
    """
    claim_id = manual_claim_id(grant_id)
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
    if not items:  # if it was unmapped between the two statements, this also undoes the claim
        raise NothingToGrant(f"The reward {pair.reward_id} maps to no item. Map it first.")
    return ManualGrant(Claim.objects.get(pk=claim_id), items, is_new)


def _execute(statement: str, parameters: dict[str, Any]) -> int:
    """Returns the number of written rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
