"""Claims as they arrive, and what the ledger made of them."""

from collections.abc import Sequence

from claims.ledger import ReceivedClaim, RecordedClaim, record_claims
from claims.models import Campaign, Claim, Entitlement
from platforms.kick.protocol.payloads import ClaimPayload
from tests.factories import NOW


def receive(
    campaign: Campaign | None = None,
    *,
    claim_id: str = "01K0CLAIM",
    user_id: str = "7",
    **fields: str,
) -> ReceivedClaim:
    """A claim of the campaign's first reward unless `fields` name others."""
    if campaign:
        fields.setdefault("campaign_id", campaign.campaign_id)
        fields.setdefault("reward_id", getattr(campaign.rewards.first(), "reward_id", ""))
    external_id = fields.pop("external_id", "")
    payload = ClaimPayload(claim_id=claim_id, user_id=user_id, external_id=external_id, **fields)
    return ReceivedClaim(payload, message_id=f"message-{claim_id}")


def record(
    *received: ReceivedClaim, source: Claim.Path = Claim.Path.WEBHOOK
) -> list[RecordedClaim]:
    return record_claims(received, source=source, received_at=NOW, now=NOW)


def owed(claim_ids: Sequence[str] | str) -> list[tuple[str, int, int]]:
    """(sku, quantity, player's id) of each entitlement of these claims."""
    ids = [claim_ids] if isinstance(claim_ids, str) else claim_ids
    rows = Entitlement.objects.filter(claim_id__in=ids).order_by("claim_id", "sku")
    return list(rows.values_list("sku", "quantity", "player_id"))
