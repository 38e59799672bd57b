"""Names of campaigns and rewards beside the ids that claims carry.

As subqueries and not joins: a claim may name a campaign or reward that is not registered here, and
must be shown all the same.
"""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from claims.models import Campaign, Reward


def with_names(queryset: QuerySet[Any], *, claim: str = "") -> QuerySet[Any]:
    """Annotate `campaign_name` and `reward_name`; `claim` is the way to the claim, `claim__`."""
    campaigns = Campaign.objects.filter(pk=OuterRef(f"{claim}campaign_id"))
    rewards = Reward.objects.filter(pk=OuterRef(f"{claim}reward_id"))
    named: QuerySet[Any] = queryset.annotate(
        campaign_name=Subquery(campaigns.values("name")),
        reward_name=Subquery(rewards.values("name")),
        is_test=Subquery(campaigns.values("is_test")),
    )
    return named
