"""Explains a claim's status in a sentence, with the next step."""

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.models import Claim, Confirmation
from core.admin.html import link, row_link

MENDED_BY = {
    Claim.HoldReason.UNCONFIRMED: gettext_lazy(
        "This reward isn't registered in this campaign, and Kick's API hasn't confirmed that the "
        "claim belongs to your organization. We keep checking for 24 hours ({lookups} attempts so "
        "far). If the reward is yours, adding it to the campaign also resolves it."
    ),
    Claim.HoldReason.NOT_OURS: gettext_lazy(
        "Kick's API didn't confirm this claim within 24 hours, so it belongs to another "
        "organization. No action needed. If the API shows it later, it returns automatically."
    ),
    Claim.HoldReason.UNMAPPED_REWARD: gettext_lazy(
        "Its reward isn't mapped to any items. {reward}: claims of linked viewers are then granted "
        "within a minute."
    ),
    Claim.HoldReason.NOT_LINKED: gettext_lazy(
        "Its viewer isn't linked to a player. It will be granted as soon as the player links "
        "this Kick account at {link_page}."
    ),
}


def sentence_on(claim: Claim) -> SafeString | str:
    if claim.status == Claim.Status.HELD:
        return _sentence_on_held(claim)
    if claim.status == Claim.Status.REVOKED:
        return _("All of its items were revoked. This is final.")
    return _("Granted. Its items and their status are listed below.")


def _sentence_on_held(claim: Claim) -> SafeString:
    link_page = f"{settings.PUBLIC_URL}/link/"
    return format_html(
        str(MENDED_BY[Claim.HoldReason(claim.hold_reason)]),
        lookups=Confirmation.objects.filter(pk=claim.pk).values_list("attempts", flat=True).first()
        or 0,
        reward=row_link("claims_reward", claim.reward_id, _("Map the reward")),
        link_page=link(link_page, link_page),
    )
