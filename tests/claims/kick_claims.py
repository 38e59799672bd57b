"""Claims at the local Kick."""

from typing import Any

from tests.local_kick_process import LocalKick


def claims_at_kick(
    kick: LocalKick, *, organization: str = "Skyfall Studio", external_id: str = "", **others: Any
) -> list[dict[str, Any]]:
    """Claims that Kick never delivered."""
    reward = {"name": "Ember cape", "required_minutes": 1, "external_id": external_id}
    campaign = kick.save_campaign(organization=organization, name=organization, rewards=[reward])
    answer = kick.claim(
        campaign_id=campaign["campaign_id"],
        reward_id=campaign["rewards"][0]["reward_id"],
        deliver=False,
        force=True,
        **others,
    )
    claims: list[dict[str, Any]] = answer["claims"]
    return claims
