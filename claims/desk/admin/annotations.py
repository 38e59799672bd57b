"""Adds the names of campaigns and rewards to lists of claims and entitlements.

Uses subqueries instead of joins: a claim whose campaign or reward isn't registered here must still
be listed.
"""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from claims.models import Campaign, Claim, Reward


def with_names(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate claims, or entitlements, with `campaign_name`, `reward_name` and `is_test`.

    Entitlements aren't joined with their claims, so that counting them stays cheap.
    """
    if queryset.model is Claim:
        campaigns = Campaign.objects.filter(pk=OuterRef("campaign_id"))
        rewards = Reward.objects.filter(pk=OuterRef("reward_id"))
    else:
        campaigns = Campaign.objects.filter(claims=OuterRef("claim_id"))
        rewards = Reward.objects.filter(claims=OuterRef("claim_id"))
    named: QuerySet[Any] = queryset.annotate(
        campaign_name=Subquery(campaigns.values("name")),
        reward_name=Subquery(rewards.values("name")),
        is_test=Subquery(campaigns.values("is_test")),
    )
    return named
