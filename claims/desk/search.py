"""The desk's search: any id, name, or pasted address that contains one."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import Q, Value
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import PlatformAccount, Player, account_key
from accounts.platform_login import all_logins
from claims.entitlement_ids import parse_entitlement_id
from claims.models import Campaign, Claim, Entitlement, Item, QuarantinedDelivery, Reward

BIGGEST_ID = 2**63 - 1
OF_A_KIND_AT_MOST = 20
LONGEST_TERM = 200
# Of an account on a platform.
LONGEST_NAME = 64
# Shorter terms would find parts of almost every name.
SHORTEST_PART_OF_A_NAME = 3
_ADDRESS = re.compile(r"(?:https?://)?[\w.-]+\.[a-z]{2,}/(\S+)", re.IGNORECASE)
_PATH_END = re.compile(r"[/?#&]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result."""

    kind: str
    name: str
    detail: str
    url: str


def find(term: str) -> list[Hit]:
    """Find an id, or a name in any case, each page once. Campaigns, rewards and items: also by a
    part of the name.

    People paste more than the id: `@name`, a profile's address, `Claim: 01M8…`. What they mean is
    tried from the whole term to its parts, until something is found. At most fourteen queries for
    each, all indexed or on small tables.
    """
    if len(term) > LONGEST_TERM or "\x00" in term:
        return []
    for one in meanings(term):
        hits = [hit for look_for in LOOK_FOR for hit in look_for(one)]
        if hits:
            return list({hit.url: hit for hit in reversed(hits)}.values())[::-1]
    return []


def meanings(term: str) -> list[str]:
    """What a pasted term may mean, the most literal first. At most five."""
    term = term.strip()
    found = [term]
    bare = term.strip("\"'“”‘’<>()[]`,;").lstrip("@").strip()
    found.append(bare)
    if address := _ADDRESS.fullmatch(bare):
        parts = [part for part in _PATH_END.split(address[1]) if part]
        found += [parts[0].lstrip("@"), parts[-1].rpartition("=")[2]] if parts else []
    elif bare.partition(":")[0] not in {login.platform for login in all_logins()}:
        # A label before it, as in `User ID: 1234`.
        found.append(re.split(r"[\s:#]+", bare)[-1].lstrip("@"))
    return [one for one in dict.fromkeys(found) if one]


def case_url(*, player: Player | None, account: PlatformAccount | None, claim_id: str = "") -> str:
    """The URL of the player's case page, or of an account's without a player."""
    if player:
        url = reverse("desk:player", args=[player.pk])
    else:
        url = reverse("desk:account", args=[account.pk if account else "0"])
    return f"{url}?{urlencode({'claim': claim_id})}" if claim_id else url


def claim_url(claim: Claim) -> str:
    """The case page of a claim: of the player linked now, or else of the player who got it."""
    account = claim.account
    player = account.player if account else None
    if account is None:
        owed = Entitlement.objects.filter(claim=claim).select_related("player").first()
        player = owed.player if owed else None
    return case_url(player=player, account=account, claim_id=claim.pk)


def find_players(term: str) -> Iterator[Hit]:
    folded = Upper(Value(term))
    by_name = Player.objects.annotate(folded=Upper("name")).filter(folded=folded)
    by_id = Player.objects.annotate(folded=Upper("game_account_id")).filter(folded=folded)
    exact = list(Player.objects.filter(game_account_id=term))
    others = [] if exact else by_id.order_by("pk")[:OF_A_KIND_AT_MOST]
    for player in [*exact, *others, *by_name.order_by("pk")[:OF_A_KIND_AT_MOST]]:
        url = case_url(player=player, account=None)
        yield Hit(_("Player"), str(player), player.game_account_id, url)


def find_accounts(term: str) -> Iterator[Hit]:
    users = PlatformAccount.objects.select_related("player")
    by_name = users.annotate(folded=Upper("name")).filter(folded=Upper(Value(term)))
    keys = [term, *(account_key(login.platform, term) for login in all_logins())]
    for user in [*users.filter(pk__in=keys), *by_name.order_by("pk")[:OF_A_KIND_AT_MOST]]:
        linked = _("linked to %(player)s") % {"player": user.player} if user.player else ""
        url = case_url(player=user.player, account=user)
        yield Hit(_("Account"), str(user), linked or _("not linked"), url)


def find_claims(term: str) -> Iterator[Hit]:
    claims = Claim.objects.select_related("account__player")
    by_message = claims.filter(message_id=term).exclude(message_id="").order_by("pk")
    for claim in [*claims.filter(pk=term), *by_message[:OF_A_KIND_AT_MOST]]:
        yield Hit(_("Claim"), claim.pk, claim.get_status_display(), claim_url(claim))


def find_entitlements(term: str) -> Iterator[Hit]:
    if not (term.isascii() and term.isdigit() and len(term) <= 19 and int(term) <= BIGGEST_ID):
        return
    for owed in Entitlement.objects.filter(pk=int(term)).select_related("player"):
        url = case_url(player=owed.player, account=None, claim_id=owed.claim_id)
        yield Hit(_("Entitlement"), f"{owed.pk}: {owed}", owed.get_status_display(), url)


def find_fulfilments(term: str) -> Iterator[Hit]:
    by_id = Entitlement.objects.filter(fulfilment_id=term).exclude(fulfilment_id="")
    for owed in by_id.select_related("player").order_by("pk")[:OF_A_KIND_AT_MOST]:
        url = case_url(player=owed.player, account=None, claim_id=owed.claim_id)
        yield Hit(_("Fulfilment"), f"{term}: {owed}", str(owed.player), url)


def find_public_ids(term: str) -> Iterator[Hit]:
    """Entitlement IDs as the API has them."""
    key = parse_entitlement_id(term)
    claim_id, sku = key or ("", "")
    for owed in Entitlement.objects.filter(claim=claim_id, sku=sku).select_related("player"):
        url = case_url(player=owed.player, account=None, claim_id=owed.claim_id)
        yield Hit(_("Entitlement"), str(owed), owed.get_status_display(), url)


def find_deliveries(term: str) -> Iterator[Hit]:
    """Stored deliveries: unusable, or contradicting their claim. At most 10,000 rows exist."""
    kept = QuarantinedDelivery.objects.filter(message_id=term).defer("body").order_by("-pk")
    for delivery in kept[:OF_A_KIND_AT_MOST]:
        url = reverse("admin:claims_quarantineddelivery_change", args=[delivery.pk])
        yield Hit(_("Delivery"), str(delivery), delivery.get_verdict_display(), url)


def find_catalogue(term: str) -> Iterator[Hit]:
    by_name = Q(name__icontains=term) if len(term) >= SHORTEST_PART_OF_A_NAME else Q(name=term)
    named = Q(pk=term) | by_name
    for campaign in Campaign.objects.filter(named).order_by("name")[:OF_A_KIND_AT_MOST]:
        url = reverse("desk:campaign", args=[campaign.pk])
        yield Hit(_("Campaign"), str(campaign), campaign.category, url)
    for reward in Reward.objects.filter(named).order_by("name")[:OF_A_KIND_AT_MOST]:
        url = reverse("admin:claims_reward_change", args=[reward.pk])
        yield Hit(_("Reward"), str(reward), reward.external_id, url)
    for item in Item.objects.filter(Q(sku=term) | by_name).order_by("name")[:OF_A_KIND_AT_MOST]:
        url = reverse("admin:claims_item_change", args=[item.pk])
        yield Hit(_("Item"), item.name, item.sku, url)


LOOK_FOR: tuple[Callable[[str], Iterator[Hit]], ...] = (
    find_players,
    find_accounts,
    find_claims,
    find_entitlements,
    find_public_ids,
    find_fulfilments,
    find_deliveries,
    find_catalogue,
)
