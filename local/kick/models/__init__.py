from .campaigns import Campaign, CampaignReward, Reward, WatchTime
from .claims import Claim, Delivery
from .events import EventDelivery, Subscription
from .identities import App, Organization, Viewer
from .machinery import ReceivedRequest, SigningKey, Switch
from .oauth import AuthorizationCode, Grant, Token
from .points import Balance, ChannelReward, Redemption
from .streams import Stream

__all__ = [
    "App",
    "AuthorizationCode",
    "Balance",
    "Campaign",
    "CampaignReward",
    "ChannelReward",
    "Claim",
    "Delivery",
    "EventDelivery",
    "Grant",
    "Organization",
    "ReceivedRequest",
    "Redemption",
    "Reward",
    "SigningKey",
    "Stream",
    "Subscription",
    "Switch",
    "Token",
    "Viewer",
    "WatchTime",
]
