"""Nobody's claim is in sight."""

from django.utils.translation import gettext as _

from claims.desk.answers.answer import Answer, Remedy, link_page
from claims.desk.facts import Facts


def answer_without_claim(facts: Facts) -> Answer:
    """What can be said of somebody none of whose claims is on its way."""
    if facts.kick_user is None or facts.player is None:
        return _not_linked(facts)
    return _kick_is_silent(facts) if facts.kick_trouble else _no_claim(facts)


def _not_linked(facts: Facts) -> Answer:
    if facts.player is None:
        return Answer(
            _("No claim"),
            "quiet",
            _(
                "Your Kick account “%(kick)s” is linked to no game account, and no claim of it "
                "has reached us. Please link it at %(url)s, then claim again in Kick's inventory."
            )
            % {"kick": facts.kick_user, "url": link_page()},
            _("If Kick's inventory says “claimed”, ask Kick for it."),
            Remedy.ASK_KICK,
        )
    return Answer(
        _("Not linked"),
        "wait",
        _(
            "Your game account “%(player)s” is linked to no Kick account. Please link it at "
            "%(url)s; whatever you have claimed on Kick by then arrives at once."
        )
        % {"player": facts.player, "url": link_page()},
        _("Ask for the name on Kick and search for that: its claims may wait, or be elsewhere."),
    )


def _kick_is_silent(facts: Facts) -> Answer:
    return Answer(
        _("Kick is down"),
        "bad",
        _(
            "Kick's service does not answer us at the moment. Whatever you claimed there is safe, "
            "and arrives by itself as soon as Kick answers again."
        ),
        _("Kick's API: %(trouble)s") % {"trouble": facts.kick_trouble},
        Remedy.ASK_KICK,
    )


def _no_claim(facts: Facts) -> Answer:
    return Answer(
        _("No claim"),
        "quiet",
        _(
            "Your Kick account “%(kick)s” is linked to your game account “%(player)s”, and Kick "
            "has told us of no claim by it. Please see in Kick's inventory, with that same Kick "
            "account, whether the drop says “claimed”."
        )
        % {"kick": facts.kick_user, "player": facts.player},
        _("If it does, its webhook was lost: ask Kick, and it is here in a moment."),
        Remedy.ASK_KICK,
    )
