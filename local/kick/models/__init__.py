from .campaigns import Campaign, CampaignReward, Reward, WatchTime
from .claims import Claim, Delivery
from .identities import App, Organization, Viewer
from .machinery import ReceivedRequest, SigningKey, Switch
from .oauth import AuthorizationCode, Grant, Token

__all__ = [
    "App",
    "AuthorizationCode",
    "Campaign",
    "CampaignReward",
    "Claim",
    "Delivery",
    "Grant",
    "Organization",
    "ReceivedRequest",
    "Reward",
    "SigningKey",
    "Switch",
    "Token",
    "Viewer",
    "WatchTime",
]
