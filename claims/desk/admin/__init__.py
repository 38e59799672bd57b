"""Django admin pages for campaigns, rewards, claims and entitlements."""

from claims.desk.admin import (
    accounts,
    alerts,
    api_keys,
    audit,
    campaigns,
    claims,
    entitlements,
    login,
    offers,
    quarantine,
    rewards,
    runs,
    staff,
    webhooks,
)

__all__ = [
    "accounts",
    "alerts",
    "api_keys",
    "audit",
    "campaigns",
    "claims",
    "entitlements",
    "login",
    "offers",
    "quarantine",
    "rewards",
    "runs",
    "staff",
    "webhooks",
]
