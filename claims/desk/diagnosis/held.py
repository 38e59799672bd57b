"""Claims that are held: an answer for each reason."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from claims.desk.case.loading import Case, CaseClaim
from claims.desk.diagnosis.diagnosis import Diagnosis, Remedy, link_page, name_drop
from claims.models import Claim


def _unconfirmed(case_claim: CaseClaim, case: Case) -> Diagnosis:
    claim = case_claim.claim
    if case.kick_trouble:
        return Diagnosis(
            _("Kick is down"),
            "bad",
            _(
                "We have received your claim of %(drop)s and have to check it with Kick, whose "
                "service does not answer at the moment. It is safe and arrives by itself as soon "
                "as Kick answers again."
            )
            % {"drop": name_drop(case_claim)},
            _("Kick's API: %(trouble)s") % {"trouble": case.kick_trouble},
            Remedy.ASK_KICK,
        )
    return Diagnosis(
        _("Being confirmed"),
        "wait",
        _(
            "We have received your claim of %(drop)s and are checking it with Kick. That takes a "
            "minute or two, and you need to do nothing."
        )
        % {"drop": name_drop(case_claim)},
        _(
            "Its campaign and reward are not registered together here, and Kick's claims API has "
            "not shown yet that the claim is ours (looked up %(count)d times)."
        )
        % {"count": claim.lookups},
        Remedy.ASK_KICK,
    )


def _not_ours(case_claim: CaseClaim, _case: Case) -> Diagnosis:
    return Diagnosis(
        _("Another organization's"),
        "quiet",
        _(
            "Kick's records show no claim of this drop with us: it belongs to another game's "
            "campaign, whose support can help you. (Claim %(id)s)"
        )
        % {"id": case_claim.claim.pk},
        _(
            "Kick signs every organization's claims with one key, so theirs can be sent here. The "
            "claims API did not show this one for a day. If it is ours after all, asking Kick "
            "brings it back."
        ),
        Remedy.ASK_KICK,
        is_settled=True,
    )


def _unmapped(case_claim: CaseClaim, _case: Case) -> Diagnosis:
    return Diagnosis(
        _("Reward not mapped"),
        "bad",
        _(
            "We have your claim of %(drop)s. We are still preparing this reward; it arrives by "
            "itself as soon as it is ready, and you need to do nothing."
        )
        % {"drop": name_drop(case_claim)},
        _(
            "The reward %(reward)s maps to no item. Mapping it grants every claim that waits for "
            "it within a minute."
        )
        % {"reward": case_claim.reward_name},
        Remedy.MAP,
    )


def _waits_for_link(case_claim: CaseClaim, case: Case) -> Diagnosis:
    if case.player is not None:  # linked meanwhile: only the healing is still to come
        return Diagnosis(
            _("About to be granted"),
            "wait",
            _("We have your claim of %(drop)s; it arrives within a minute.")
            % {"drop": name_drop(case_claim)},
            _("Its Kick user is linked by now. The sweep grants it within a minute, or retry it."),
            Remedy.RETRY,
        )
    return Diagnosis(
        _("Not linked"),
        "wait",
        _(
            "We have your claim of %(drop)s, made with the Kick account “%(kick)s”. It arrives as "
            "soon as you link that Kick account to your game account, at %(url)s"
        )
        % {"drop": name_drop(case_claim), "kick": case_claim.claim.account, "url": link_page()},
        _("Only the player can link. The claim waits as long as it takes."),
    )


HELD: dict[Claim.HoldReason, Callable[[CaseClaim, Case], Diagnosis]] = {
    Claim.HoldReason.UNCONFIRMED: _unconfirmed,
    Claim.HoldReason.NOT_OURS: _not_ours,
    Claim.HoldReason.UNMAPPED_REWARD: _unmapped,
    Claim.HoldReason.NOT_LINKED: _waits_for_link,
}
