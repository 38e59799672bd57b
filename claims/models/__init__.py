from claims.models.api_keys import ApiKey
from claims.models.catalogue import Campaign, CampaignReward, Item, Reward, RewardItem
from claims.models.deliveries import Delivery
from claims.models.ledger import Claim, Entitlement

__all__ = [
    "ApiKey",
    "Campaign",
    "CampaignReward",
    "Claim",
    "Delivery",
    "Entitlement",
    "Item",
    "Reward",
    "RewardItem",
]
