"""Searches claims by campaign, reward or item, each of which may match very many claims.

Each search first reads the catalogue and then filters by ids that an index covers. Otherwise the
database would test the condition on every one of a million claims.
"""

from django.db.models import Max, Q

from claims.models import Campaign, Entitlement, Item, Reward

# No index by SKU: it would slow down every grant for a rare search.
NEWEST_OF_AN_ITEM = 5000


def claims_known_as(term: str, *, claim: str = "") -> Q | None:
    """A filter for the claims of the campaign or reward with this id (or external id).

    `claim` is the lookup prefix that leads to claims, such as `claim__`. None: no match.
    """
    if Campaign.objects.filter(pk=term).exists():
        return Q(**{f"{claim}campaign": term})
    rewards = Reward.objects.filter(Q(pk=term) | Q(external_id=term))
    ids = list(rewards.values_list("pk", flat=True))
    return Q(**{f"{claim}reward__in": ids}) if ids else None


def newest_of_item(sku: str) -> Q | None:
    """A filter for the entitlements to an item, among the newest 5,000 of all items."""
    if not Item.objects.filter(sku=sku).exists():
        return None
    newest = Entitlement.objects.aggregate(newest=Max("pk"))["newest"] or 0
    return Q(sku=sku, pk__gt=newest - NEWEST_OF_AN_ITEM)


def claims_of_item(sku: str) -> Q | None:
    """A filter for the claims behind those entitlements."""
    newest = newest_of_item(sku)
    if newest is None:
        return None
    return Q(pk__in=list(Entitlement.objects.filter(newest).values_list("claim_id", flat=True)))
