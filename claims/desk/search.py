"""The desk's search: any id, or an account name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import Value
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import PlatformAccount, Player, account_key
from accounts.platform_login import all_logins
from claims.models import Campaign, Claim, Entitlement, QuarantinedDelivery, Reward

BIGGEST_ID = 2**63 - 1
OF_A_KIND_AT_MOST = 20
LONGEST_TERM = 200


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result."""

    kind: str
    name: str
    detail: str
    url: str


def find(term: str) -> list[Hit]:
    """Find exact matches of an id or name, each page once, with at most ten indexed queries."""
    term = term.strip()
    if not term or len(term) > LONGEST_TERM or "\x00" in term:
        return []
    hits = [hit for look_for in LOOK_FOR for hit in look_for(term)]
    return list({hit.url: hit for hit in reversed(hits)}.values())[::-1]


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
    for player in Player.objects.filter(game_account_id=term):
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


def find_deliveries(term: str) -> Iterator[Hit]:
    """Stored deliveries: unusable, or contradicting their claim. At most 10,000 rows exist."""
    kept = QuarantinedDelivery.objects.filter(message_id=term).defer("body").order_by("-pk")
    for delivery in kept[:OF_A_KIND_AT_MOST]:
        url = reverse("admin:claims_quarantineddelivery_change", args=[delivery.pk])
        yield Hit(_("Delivery"), str(delivery), delivery.get_verdict_display(), url)


def find_campaigns_and_rewards(term: str) -> Iterator[Hit]:
    for campaign in Campaign.objects.filter(pk=term):
        url = reverse("desk:campaign", args=[campaign.pk])
        yield Hit(_("Campaign"), str(campaign), campaign.category, url)
    for reward in Reward.objects.filter(pk=term):
        url = reverse("admin:claims_reward_change", args=[reward.pk])
        yield Hit(_("Reward"), str(reward), reward.external_id, url)


LOOK_FOR: tuple[Callable[[str], Iterator[Hit]], ...] = (
    find_players,
    find_accounts,
    find_claims,
    find_entitlements,
    find_deliveries,
    find_campaigns_and_rewards,
)
