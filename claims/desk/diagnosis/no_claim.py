"""The answer when there is no open claim."""

from dataclasses import replace

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.platform_login import all_logins, platform_label
from claims.desk.case.loading import Case
from claims.desk.diagnosis.diagnosis import Diagnosis, Remedy, link_page


def diagnose_without_claim(case: Case) -> Diagnosis:
    """The answer for a player, or for an account without a player, without an open claim."""
    if case.player is None:
        return _not_linked_account(case)
    if not case.accounts:
        return _not_linked_player(case)
    return _platform_is_silent(case) if case.troubles else _no_claim(case)


def add_outage(diagnosis: Diagnosis, case: Case) -> Diagnosis:
    """The answer about a settled claim, and what else to say while a platform is unavailable."""
    if not case.troubles:
        return diagnosis
    outage = _platform_is_silent(case)
    return replace(
        diagnosis,
        to_player=_("%(answer)s If you mean another drop: %(outage)s")
        % {"answer": diagnosis.to_player, "outage": outage.to_player},
        to_staff=f"{diagnosis.to_staff} {outage.to_staff}",
        remedy=outage.remedy,
    )


def _not_linked_account(case: Case) -> Diagnosis:
    (account,) = case.accounts
    names = {"account": account, "platform": platform_label(account.platform), "url": link_page()}
    return Diagnosis(
        _("No claim"),
        "quiet",
        _(
            "Your %(platform)s account “%(account)s” isn't linked to a game account, and we "
            "haven't received a claim from it. Please link it at %(url)s, then claim the drop "
            "again in %(platform)s's inventory."
        )
        % names,
        _("If %(platform)s's inventory says “claimed”, re-fetch the claims from %(platform)s.")
        % names,
        Remedy.REFETCH,
    )


def _not_linked_player(case: Case) -> Diagnosis:
    platforms = get_text_list([str(login.label) for login in all_logins()], _("or"))
    names = {"player": case.player, "platforms": platforms, "url": link_page()}
    return Diagnosis(
        _("Not linked"),
        "wait",
        _(
            "Your game account “%(player)s” isn't linked to a %(platforms)s account. Please link "
            "it at %(url)s. Drops you have already claimed on %(platforms)s will arrive right away."
        )
        % names,
        _(
            "Ask for their %(platforms)s name and search for it: its claims may be waiting, or may "
            "have gone to another game account."
        )
        % names,
    )


def _platform_is_silent(case: Case) -> Diagnosis:
    platform, trouble = next(iter(case.troubles.items()))
    names = {"platform": platform_label(platform), "trouble": trouble}
    return Diagnosis(
        _("%(platform)s unavailable") % names,
        "bad",
        _(
            "%(platform)s isn't responding to us right now. The drops you claimed there are safe. "
            "They'll arrive automatically once %(platform)s responds again."
        )
        % names,
        _("%(platform)s's API: %(trouble)s") % names,
        Remedy.REFETCH,
    )


def _no_claim(case: Case) -> Diagnosis:
    sentence = _(
        "Your %(platform)s account “%(account)s” is linked to your game account “%(player)s”, but "
        "we haven't received a claim from it. Please log in to %(platform)s with that same account "
        "and check whether the drop says “claimed” in your inventory."
    )
    platforms = [platform_label(account.platform) for account in case.accounts]
    return Diagnosis(
        _("No claim"),
        "quiet",
        " ".join(
            sentence % {"platform": platform, "account": account, "player": case.player}
            for platform, account in zip(platforms, case.accounts, strict=True)
        ),
        _("If it does, its webhook was lost. Re-fetch the claims from %(platforms)s to get it now.")
        % {"platforms": get_text_list(platforms, _("or"))},
        Remedy.REFETCH,
    )
