"""Where a claim stands, in a sentence, and what mends it."""

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.models import Claim
from core.admin.html import link, row_link

MENDED_BY = {
    Claim.HoldReason.UNCONFIRMED: gettext_lazy(
        "Its campaign and reward are not registered together here, and Kick's claims API has not "
        "shown yet that the claim is this organization's. It is looked up until it has, for a day "
        "({lookups} times so far). If the reward is yours, adding it to the campaign mends it too."
    ),
    Claim.HoldReason.NOT_OURS: gettext_lazy(
        "Kick's claims API has not shown it for a day, so it is another organization's, and nobody "
        "here waits for it. Should the API show it after all, it comes back by itself."
    ),
    Claim.HoldReason.UNMAPPED_REWARD: gettext_lazy(
        "Its reward maps to no item. {reward} to items: all claims that wait for it are granted "
        "within a minute."
    ),
    Claim.HoldReason.NOT_LINKED: gettext_lazy(
        "Its Kick user is linked to no player. It is granted the moment the player links the Kick "
        "account at {link_page}."
    ),
}


def sentence_on(claim: Claim) -> SafeString | str:
    if claim.status == Claim.Status.HELD:
        return _sentence_on_held(claim)
    if claim.status == Claim.Status.REVOKED:
        return _("All of its items were taken back. That is final.")
    return _("Granted: its items are below, each with where it stands.")


def _sentence_on_held(claim: Claim) -> SafeString:
    link_page = f"{settings.PUBLIC_URL}/link/"
    return format_html(
        str(MENDED_BY[Claim.HoldReason(claim.hold_reason)]),
        lookups=claim.lookups,
        reward=row_link("claims_reward", claim.reward_id, _("Map it")),
        link_page=link(link_page, link_page),
    )
