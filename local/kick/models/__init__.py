from .campaigns import Campaign, CampaignReward, Reward, WatchTime
from .claims import Claim, Delivery
from .events import EventDelivery, Subscription
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
    "EventDelivery",
    "Grant",
    "Organization",
    "ReceivedRequest",
    "Reward",
    "SigningKey",
    "Subscription",
    "Switch",
    "Token",
    "Viewer",
    "WatchTime",
]
