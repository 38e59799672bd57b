"""Nobody's claim is in sight."""

from django.utils.translation import gettext as _

from claims.desk.case.loading import Case
from claims.desk.diagnosis.diagnosis import Diagnosis, Remedy, link_page


def diagnose_without_claim(case: Case) -> Diagnosis:
    """What can be said of somebody none of whose claims is on its way."""
    if case.account is None or case.player is None:
        return _not_linked(case)
    return _kick_is_silent(case) if case.kick_trouble else _no_claim(case)


def _not_linked(case: Case) -> Diagnosis:
    if case.player is None:
        return Diagnosis(
            _("No claim"),
            "quiet",
            _(
                "Your Kick account “%(kick)s” is linked to no game account, and no claim of it "
                "has reached us. Please link it at %(url)s, then claim again in Kick's inventory."
            )
            % {"kick": case.account, "url": link_page()},
            _("If Kick's inventory says “claimed”, ask Kick for it."),
            Remedy.ASK_KICK,
        )
    return Diagnosis(
        _("Not linked"),
        "wait",
        _(
            "Your game account “%(player)s” is linked to no Kick account. Please link it at "
            "%(url)s; whatever you have claimed on Kick by then arrives at once."
        )
        % {"player": case.player, "url": link_page()},
        _("Ask for the name on Kick and search for that: its claims may wait, or be elsewhere."),
    )


def _kick_is_silent(case: Case) -> Diagnosis:
    return Diagnosis(
        _("Kick is down"),
        "bad",
        _(
            "Kick's service does not answer us at the moment. Whatever you claimed there is safe, "
            "and arrives by itself as soon as Kick answers again."
        ),
        _("Kick's API: %(trouble)s") % {"trouble": case.kick_trouble},
        Remedy.ASK_KICK,
    )


def _no_claim(case: Case) -> Diagnosis:
    return Diagnosis(
        _("No claim"),
        "quiet",
        _(
            "Your Kick account “%(kick)s” is linked to your game account “%(player)s”, and Kick "
            "has told us of no claim by it. Please see in Kick's inventory, with that same Kick "
            "account, whether the drop says “claimed”."
        )
        % {"kick": case.account, "player": case.player},
        _("If it does, its webhook was lost: ask Kick, and it is here in a moment."),
        Remedy.ASK_KICK,
    )
