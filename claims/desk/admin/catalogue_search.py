"""Searches for what very many claims have in common: a campaign, a reward, an item.

Each asks the catalogue first, and then names ids that an index finds: among a million claims, a
condition that few of them meet would otherwise be tried on all.
"""

from django.db.models import Max, Q

from claims.models import Campaign, Entitlement, Item, Reward

# There is no index by SKU: it would cost each grant something, for a search that hardly anybody
# makes.
NEWEST_OF_AN_ITEM = 5000


def claims_known_as(term: str, *, claim: str = "") -> Q | None:
    """Those of a campaign, or of a reward by its id or external id; `claim` is the way to them."""
    if Campaign.objects.filter(pk=term).exists():
        return Q(**{f"{claim}campaign": term})
    rewards = Reward.objects.filter(Q(pk=term) | Q(external_id=term))
    ids = list(rewards.values_list("pk", flat=True))
    return Q(**{f"{claim}reward__in": ids}) if ids else None


def newest_of_item(sku: str) -> Q | None:
    """The entitlements to an item, among the newest 5,000 of all."""
    if not Item.objects.filter(sku=sku).exists():
        return None
    newest = Entitlement.objects.aggregate(newest=Max("pk"))["newest"] or 0
    return Q(sku=sku, pk__gt=newest - NEWEST_OF_AN_ITEM)


def claims_of_item(sku: str) -> Q | None:
    """The claims that gave these."""
    newest = newest_of_item(sku)
    if newest is None:
        return None
    return Q(pk__in=list(Entitlement.objects.filter(newest).values_list("claim_id", flat=True)))
