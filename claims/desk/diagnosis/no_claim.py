"""The answer when there is no open claim."""

from django.utils.translation import gettext as _

from claims.desk.case.loading import Case
from claims.desk.diagnosis.diagnosis import Diagnosis, Remedy, link_page


def diagnose_without_claim(case: Case) -> Diagnosis:
    """The answer for a player or account without an open claim."""
    if case.account is None or case.player is None:
        return _not_linked(case)
    return _kick_is_silent(case) if case.platform_trouble else _no_claim(case)


def _not_linked(case: Case) -> Diagnosis:
    if case.player is None:
        return Diagnosis(
            _("No claim"),
            "quiet",
            _(
                "Your Kick account “%(kick)s” isn't linked to a game account, and we haven't "
                "received a claim from it. Please link it at %(url)s, then claim the drop again "
                "in Kick's inventory."
            )
            % {"kick": case.account, "url": link_page()},
            _("If Kick's inventory says “claimed”, re-fetch the claims from Kick."),
            Remedy.REFETCH,
        )
    return Diagnosis(
        _("Not linked"),
        "wait",
        _(
            "Your game account “%(player)s” isn't linked to a Kick account. Please link it at "
            "%(url)s. Drops you have already claimed on Kick will arrive right away."
        )
        % {"player": case.player, "url": link_page()},
        _(
            "Ask for their Kick name and search for it: its claims may be waiting, or may have "
            "gone to another game account."
        ),
    )


def _kick_is_silent(case: Case) -> Diagnosis:
    return Diagnosis(
        _("Kick unavailable"),
        "bad",
        _(
            "Kick isn't responding to us right now. The drops you claimed there are safe. They'll "
            "arrive automatically once Kick responds again."
        ),
        _("Kick's API: %(trouble)s") % {"trouble": case.platform_trouble},
        Remedy.REFETCH,
    )


def _no_claim(case: Case) -> Diagnosis:
    return Diagnosis(
        _("No claim"),
        "quiet",
        _(
            "Your Kick account “%(kick)s” is linked to your game account “%(player)s”, but we "
            "haven't received a claim from it. Please log in to Kick with that same account and "
            "check whether the drop says “claimed” in your inventory."
        )
        % {"kick": case.account, "player": case.player},
        _("If it does, its webhook was lost. Re-fetch the claims from Kick to get it now."),
        Remedy.REFETCH,
    )
