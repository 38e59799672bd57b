"""Django admin pages for campaigns, rewards, claims and entitlements."""

from claims.desk.admin import (
    accounts,
    api_keys,
    audit,
    campaigns,
    claims,
    entitlements,
    login,
    quarantine,
    rewards,
    runs,
    staff,
)

__all__ = [
    "accounts",
    "api_keys",
    "audit",
    "campaigns",
    "claims",
    "entitlements",
    "login",
    "quarantine",
    "rewards",
    "runs",
    "staff",
]
