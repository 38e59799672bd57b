"""Claims that are no longer held: on their way, delivered, gone elsewhere, or taken back."""

from django.utils.translation import gettext as _

from claims.desk.answers.answer import Answer, Remedy, name_drop, when
from claims.desk.facts import ClaimFacts, Facts
from claims.models import Entitlement

GRANTED, FULFILLED, REVOKED = Entitlement.Status


def answer_about_granted(told: ClaimFacts, facts: Facts) -> Answer:
    if _is_elsewhere(told, facts):
        return _elsewhere(told, facts)
    return _granted(told, facts) if told.of_status(GRANTED) else _delivered(told, facts)


def _granted(told: ClaimFacts, facts: Facts) -> Answer:
    open_ones = told.of_status(GRANTED)
    names = {
        "drop": name_drop(told, facts.items(told.entitlements)),
        "items": facts.items(open_ones),
        "player": open_ones[0].player,
        "at": when(open_ones[0].granted_at),
    }
    if all(one.first_listed_at for one in open_ones):
        listed_at = max(one.first_listed_at for one in open_ones if one.first_listed_at)
        return _told_to_the_game(names | {"listed": when(listed_at)})
    return _not_asked_for(names, facts)


def _not_asked_for(names: dict[str, object], facts: Facts) -> Answer:
    asked = when(facts.game_asked_at) if facts.game_asked_at else _("never")
    return Answer(
        _("Ready, game has not asked"),
        "wait",
        _(
            "Your drop %(drop)s has been ready for your game account “%(player)s” since %(at)s. "
            "The game hands it out when it next asks for your drops, usually as you log in."
        )
        % names,
        _(
            "No game server has asked for %(items)s yet. Any game server last asked for anything: "
            "%(asked)s. If that is long ago, the game's side has a fault."
        )
        % {**names, "asked": asked},
    )


def _told_to_the_game(names: dict[str, object]) -> Answer:
    return Answer(
        _("With the game"),
        "wait",
        _(
            "Your drop %(drop)s is with the game since %(listed)s and is about to be handed out to "
            "your game account “%(player)s”. If it is not there after you log in again, tell us."
        )
        % names,
        _(
            "A game server was told of %(items)s and has not said that it handed them out. Ask the "
            "game's team; nothing is lost on our side."
        )
        % names,
    )


def _delivered(told: ClaimFacts, facts: Facts) -> Answer:
    given = told.of_status(FULFILLED)
    ids = ", ".join(dict.fromkeys(one.fulfilment_id for one in given))
    return Answer(
        _("Delivered"),
        "good",
        _("Your drop %(drop)s was delivered to your game account “%(player)s” on %(at)s.")
        % {
            "drop": name_drop(told, facts.items(given)),
            "player": given[0].player,
            "at": when(given[-1].fulfilled_at),
        },
        _("The game server handed out %(items)s, under its fulfilment id %(ids)s.")
        % {"items": facts.items(given), "ids": ids},
        is_settled=True,
    )


def _is_elsewhere(told: ClaimFacts, facts: Facts) -> bool:
    """Given to another player than the one this story is about: linked otherwise at the time."""
    player = facts.player
    return player is not None and all(one.player_id != player.pk for one in told.entitlements)


def _elsewhere(told: ClaimFacts, facts: Facts) -> Answer:
    theirs = told.entitlements[0]
    return Answer(
        _("In another game account"),
        "bad",
        _(
            "Your drop %(drop)s went to another game account than “%(player)s”: the one that your "
            "Kick account was linked to on %(at)s, when the drop arrived."
        )
        % {
            "drop": name_drop(told, facts.items(told.entitlements)),
            "player": facts.player,
            "at": when(theirs.granted_at),
        },
        _(
            "It went to “%(other)s” (%(id)s). If both are this player's: take it back there, then "
            "grant it by hand here. Do not name the other account to the player."
        )
        % {"other": theirs.player, "id": theirs.player.game_account_id},
        Remedy.GRANT,
    )


def answer_about_taken_back(told: ClaimFacts, facts: Facts) -> Answer:
    taken = told.of_status(REVOKED)
    reason = taken[0].revocation_reason if taken else ""
    return Answer(
        _("Taken back"),
        "bad",
        _("Your drop %(drop)s was taken back on %(at)s.")
        % {"drop": name_drop(told, facts.items(taken)), "at": when(told.claim.revoked_at)},
        _("The reason given: %(reason)s. This is final; to give it after all, grant it by hand.")
        % {"reason": reason.rstrip(".")},
        is_settled=True,
    )
