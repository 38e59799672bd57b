"""What staff see of campaigns, claims and entitlements, and the few things they change by hand."""

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
