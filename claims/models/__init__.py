from claims.models.api_keys import ApiKey, ApiKeyMinute, ApiKeyUsage, Scope
from claims.models.audit import AuditEvent
from claims.models.bulk_jobs import BulkJob
from claims.models.catalogue import (
    Campaign,
    CampaignReward,
    Item,
    ItemPicture,
    Pause,
    Reward,
    RewardItem,
)
from claims.models.figures import ClaimHour, RewardFunnel
from claims.models.grant_requests import GrantRequest
from claims.models.ledger import Claim, Confirmation, Entitlement, Report
from claims.models.offers import Channel, Offer, OfferUse
from claims.models.quarantine import QuarantinedDelivery
from claims.models.redemptions import ChannelBan, ChannelReward, Redemption
from claims.models.runs import PlayerSync, ReconcileRun
from claims.models.staff_logins import FailedLogin
from claims.models.streams import StreamSpan
from claims.models.webhooks import (
    EventType,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
)

__all__ = [
    "ApiKey",
    "ApiKeyMinute",
    "ApiKeyUsage",
    "AuditEvent",
    "BulkJob",
    "Campaign",
    "CampaignReward",
    "Channel",
    "ChannelBan",
    "ChannelReward",
    "Claim",
    "ClaimHour",
    "Confirmation",
    "Entitlement",
    "EventType",
    "FailedLogin",
    "GrantRequest",
    "Item",
    "ItemPicture",
    "Offer",
    "OfferUse",
    "Pause",
    "PlayerSync",
    "QuarantinedDelivery",
    "ReconcileRun",
    "Redemption",
    "Report",
    "Reward",
    "RewardFunnel",
    "RewardItem",
    "Scope",
    "StreamSpan",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookMessage",
]
