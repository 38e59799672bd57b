"""Claims as they arrive, and what the ledger made of them."""

from collections.abc import Sequence
from typing import Any

from claims.ledger import RecordedClaim, record_claims
from claims.models import Campaign, Claim, Entitlement
from claims.source import Award
from tests.factories import NOW


def receive(
    campaign: Campaign | None = None,
    *,
    claim_id: str = "01K0CLAIM",
    user_id: str = "7",
    **fields: Any,
) -> Award:
    """A claim of the campaign's first reward unless `fields` name others."""
    if campaign:
        fields.setdefault("campaign_id", campaign.campaign_id)
        fields.setdefault("reward_id", getattr(campaign.rewards.first(), "reward_id", ""))
    fields.setdefault("message_id", f"message-{claim_id}")
    return Award(claim_id=claim_id, account=f"kick:{user_id}", **fields)


def record(*awards: Award, path: Claim.Path = Claim.Path.WEBHOOK) -> list[RecordedClaim]:
    return record_claims(
        awards,
        source="kick_drops",
        path=path,
        is_authoritative=path == Claim.Path.SYNC,
        received_at=NOW,
        now=NOW,
    )


def owed(claim_ids: Sequence[str] | str) -> list[tuple[str, int, int]]:
    """(sku, quantity, player's id) of each entitlement of these claims."""
    ids = [claim_ids] if isinstance(claim_ids, str) else claim_ids
    rows = Entitlement.objects.filter(claim_id__in=ids).order_by("claim_id", "sku")
    return list(rows.values_list("sku", "quantity", "player_id"))
