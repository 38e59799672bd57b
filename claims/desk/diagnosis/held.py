"""Answers about held claims, one for each hold reason."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from claims.desk.case.loading import Case, CaseClaim, platform_of
from claims.desk.diagnosis.diagnosis import Diagnosis, Remedy, link_page, name_drop
from claims.models import Claim


def explain_hold(claim: Claim, *, lookups: int = 0) -> str:
    """Why a claim is held and what ends it, for staff. `lookups`: how often it was looked up."""
    names = {"platform": platform_of(claim), "count": lookups, "url": link_page()}
    texts = {
        Claim.HoldReason.UNCONFIRMED: ngettext(
            "This reward isn't registered in this campaign, and %(platform)s's API hasn't "
            "confirmed that the claim is ours. We keep checking for 24 hours (%(count)d attempt so "
            "far). If the reward is yours, adding it to the campaign also resolves it.",
            "This reward isn't registered in this campaign, and %(platform)s's API hasn't "
            "confirmed that the claim is ours. We keep checking for 24 hours (%(count)d attempts "
            "so far). If the reward is yours, adding it to the campaign also resolves it.",
            lookups,
        ),
        Claim.HoldReason.NOT_OURS: _(
            "%(platform)s's API didn't confirm this claim within 24 hours, so it belongs to "
            "another organization. Its claims can reach us if the platform signs all claims with "
            "the same key. No action needed. If it's ours after all, re-fetch the claims from "
            "%(platform)s to bring it back."
        ),
        Claim.HoldReason.UNMAPPED_REWARD: _(
            "Its reward isn't mapped to any items. Once you map it, waiting claims of linked "
            "viewers are granted within a minute."
        ),
        Claim.HoldReason.PAUSED: _(
            "Staff paused the grants of its campaign or reward. Once they're resumed, waiting "
            "claims of linked viewers are granted within a minute."
        ),
        Claim.HoldReason.NOT_LINKED: _(
            "Its account isn't linked to a player. Only the player can link, at %(url)s. The claim "
            "doesn't expire."
        ),
    }
    return texts[Claim.HoldReason(claim.hold_reason)] % names


def diagnose_unconfirmed(case_claim: CaseClaim, case: Case) -> Diagnosis:
    lookups = case_claim.confirmation.attempts if case_claim.confirmation else 0
    account = case_claim.claim.account
    names = {"drop": name_drop(case_claim), "platform": platform_of(case_claim.claim)}
    if trouble := case.troubles.get(account.platform) if account else None:
        return Diagnosis(
            _("%(platform)s unavailable") % names,
            "bad",
            _(
                "We've received your claim for %(drop)s and need to confirm it with %(platform)s, "
                "which isn't responding right now. Your drop is safe. It'll arrive automatically "
                "once %(platform)s responds again."
            )
            % names,
            _("%(platform)s's API: %(trouble)s") % {**names, "trouble": trouble},
            Remedy.REFETCH,
        )
    return Diagnosis(
        _("Being confirmed"),
        "wait",
        _(
            "We've received your claim for %(drop)s and are confirming it with %(platform)s. This "
            "takes a minute or two. You don't need to do anything."
        )
        % names,
        explain_hold(case_claim.claim, lookups=lookups),
        Remedy.REFETCH,
    )


def diagnose_not_ours(case_claim: CaseClaim, _case: Case) -> Diagnosis:
    names = {"id": case_claim.claim.pk, "platform": platform_of(case_claim.claim)}
    return Diagnosis(
        _("Another organization's"),
        "quiet",
        _(
            "%(platform)s's records show that this drop belongs to another game's campaign. Please "
            "contact that game's support. (Claim %(id)s)"
        )
        % names,
        explain_hold(case_claim.claim),
        Remedy.REFETCH,
        is_settled=True,
    )


def diagnose_unmapped(case_claim: CaseClaim, _case: Case) -> Diagnosis:
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


def diagnose_paused(case_claim: CaseClaim, _case: Case) -> Diagnosis:
    return Diagnosis(
        _("Paused"),
        "wait",
        _(
            "We've received your claim for %(drop)s. Deliveries of this reward are paused at the "
            "moment. It'll arrive automatically once they continue. You don't need to do anything."
        )
        % {"drop": name_drop(case_claim)},
        explain_hold(case_claim.claim),
    )


def diagnose_not_linked(case_claim: CaseClaim, case: Case) -> Diagnosis:
    if case.player is not None:  # linked in the meantime; the next sweep grants it
        return Diagnosis(
            _("About to be granted"),
            "wait",
            _("We've received your claim for %(drop)s. It'll arrive within a minute.")
            % {"drop": name_drop(case_claim)},
            _("Its account is linked now. The sweep grants it within a minute. Or retry it now."),
            Remedy.RETRY,
        )
    return Diagnosis(
        _("Not linked"),
        "wait",
        _(
            "We've received your claim for %(drop)s, made with the %(platform)s account "
            "“%(account)s”. It'll arrive as soon as you link that %(platform)s account to your "
            "game account at %(url)s"
        )
        % {
            "drop": name_drop(case_claim),
            "platform": platform_of(case_claim.claim),
            "account": case_claim.claim.account,
            "url": link_page(),
        },
        explain_hold(case_claim.claim),
    )


HELD: dict[Claim.HoldReason, Callable[[CaseClaim, Case], Diagnosis]] = {
    Claim.HoldReason.UNCONFIRMED: diagnose_unconfirmed,
    Claim.HoldReason.NOT_OURS: diagnose_not_ours,
    Claim.HoldReason.UNMAPPED_REWARD: diagnose_unmapped,
    Claim.HoldReason.PAUSED: diagnose_paused,
    Claim.HoldReason.NOT_LINKED: diagnose_not_linked,
}
