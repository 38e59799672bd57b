"""Answers about held claims, one for each hold reason."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from claims.desk.case.loading import Case, CaseClaim
from claims.desk.diagnosis.diagnosis import Diagnosis, Remedy, link_page, name_drop
from claims.models import Claim


def explain_hold(claim: Claim, *, lookups: int = 0) -> str:
    """Why a claim is held and what ends it, for staff. `lookups`: how often Kick was asked."""
    texts = {
        Claim.HoldReason.UNCONFIRMED: ngettext(
            "This reward isn't registered in this campaign, and Kick's API hasn't confirmed that "
            "the claim is ours. We keep checking for 24 hours (%(count)d attempt so far). If the "
            "reward is yours, adding it to the campaign also resolves it.",
            "This reward isn't registered in this campaign, and Kick's API hasn't confirmed that "
            "the claim is ours. We keep checking for 24 hours (%(count)d attempts so far). If the "
            "reward is yours, adding it to the campaign also resolves it.",
            lookups,
        )
        % {"count": lookups},
        Claim.HoldReason.NOT_OURS: _(
            "Kick's API didn't confirm this claim within 24 hours, so it belongs to another "
            "organization: Kick signs every organization's claims with the same key. No action "
            "needed. If it's ours after all, re-fetch the claims from Kick to bring it back."
        ),
        Claim.HoldReason.UNMAPPED_REWARD: _(
            "Its reward isn't mapped to any items. Once you map it, waiting claims of linked "
            "viewers are granted within a minute."
        ),
        Claim.HoldReason.NOT_LINKED: _(
            "Its Kick user isn't linked to a player. Only the player can link, at %(url)s. The "
            "claim doesn't expire."
        )
        % {"url": link_page()},
    }
    return texts[Claim.HoldReason(claim.hold_reason)]


def _unconfirmed(case_claim: CaseClaim, case: Case) -> Diagnosis:
    lookups = case_claim.confirmation.attempts if case_claim.confirmation else 0
    if case.platform_trouble:
        return Diagnosis(
            _("Kick unavailable"),
            "bad",
            _(
                "We've received your claim for %(drop)s and need to confirm it with Kick, which "
                "isn't responding right now. Your drop is safe. It'll arrive automatically once "
                "Kick responds again."
            )
            % {"drop": name_drop(case_claim)},
            _("Kick's API: %(trouble)s") % {"trouble": case.platform_trouble},
            Remedy.REFETCH,
        )
    return Diagnosis(
        _("Being confirmed"),
        "wait",
        _(
            "We've received your claim for %(drop)s and are confirming it with Kick. This takes a "
            "minute or two. You don't need to do anything."
        )
        % {"drop": name_drop(case_claim)},
        explain_hold(case_claim.claim, lookups=lookups),
        Remedy.REFETCH,
    )


def _not_ours(case_claim: CaseClaim, _case: Case) -> Diagnosis:
    return Diagnosis(
        _("Another organization's"),
        "quiet",
        _(
            "Kick's records show that this drop belongs to another game's campaign. Please contact "
            "that game's support. (Claim %(id)s)"
        )
        % {"id": case_claim.claim.pk},
        explain_hold(case_claim.claim),
        Remedy.REFETCH,
        is_settled=True,
    )


def _unmapped(case_claim: CaseClaim, _case: Case) -> Diagnosis:
    return Diagnosis(
        _("Reward not mapped"),
        "bad",
        _(
            "We've received your claim for %(drop)s. We're still preparing this reward. It'll "
            "arrive automatically as soon as it's ready. You don't need to do anything."
        )
        % {"drop": name_drop(case_claim)},
        explain_hold(case_claim.claim),
        Remedy.MAP,
    )


def _waits_for_link(case_claim: CaseClaim, case: Case) -> Diagnosis:
    if case.player is not None:  # linked in the meantime; the next sweep grants it
        return Diagnosis(
            _("About to be granted"),
            "wait",
            _("We've received your claim for %(drop)s. It'll arrive within a minute.")
            % {"drop": name_drop(case_claim)},
            _("Its viewer is linked now. The sweep grants it within a minute. Or retry it now."),
            Remedy.RETRY,
        )
    return Diagnosis(
        _("Not linked"),
        "wait",
        _(
            "We've received your claim for %(drop)s, made with the Kick account “%(kick)s”. It'll "
            "arrive as soon as you link that Kick account to your game account at %(url)s"
        )
        % {"drop": name_drop(case_claim), "kick": case_claim.claim.account, "url": link_page()},
        explain_hold(case_claim.claim),
    )


HELD: dict[Claim.HoldReason, Callable[[CaseClaim, Case], Diagnosis]] = {
    Claim.HoldReason.UNCONFIRMED: _unconfirmed,
    Claim.HoldReason.NOT_OURS: _not_ours,
    Claim.HoldReason.UNMAPPED_REWARD: _unmapped,
    Claim.HoldReason.NOT_LINKED: _waits_for_link,
}
