"""“Where is it?”, in one sentence for the player and one for whoever answers the player."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from claims.desk.facts import ClaimFacts, Facts
from claims.models import Claim, Entitlement

GRANTED, FULFILLED, REVOKED = Entitlement.Status


class Remedy(enum.StrEnum):
    """The act that puts it right, where one of the staff's does."""

    RETRY = "retry"
    ASK_KICK = "ask-kick"
    MAP = "map"
    GRANT = "grant"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`to_player` may be pasted to the player as it stands; `to_staff` is for our eyes.

    `label` and `tone` (good, wait, bad, quiet) are the same in two words. `is_settled`: nobody has
    to do anything, and nothing more is going to happen.
    """

    label: str
    tone: str
    to_player: str
    to_staff: str
    remedy: Remedy = Remedy.NONE
    is_settled: bool = False


def answer_about(told: ClaimFacts, facts: Facts) -> Answer:
    """Where one claim's drop is."""
    claim = told.claim
    if claim.status == Claim.Status.HELD:
        return HELD[Claim.HoldReason(claim.hold_reason)](told, facts)
    if claim.status == Claim.Status.REVOKED:
        return _taken_back(told, facts)
    if _is_elsewhere(told, facts):
        return _elsewhere(told, facts)
    return _granted(told, facts) if told.of_status(GRANTED) else _delivered(told, facts)


def answer_without_claim(facts: Facts) -> Answer:
    """What can be said of somebody none of whose claims is on its way."""
    if facts.kick_user is None or facts.player is None:
        return _not_linked(facts)
    return _kick_is_silent(facts) if facts.kick_trouble else _no_claim(facts)


def when(at: datetime | None) -> str:
    """In UTC, as it is pasted to a player who may be anywhere."""
    return date_format(at.astimezone(UTC), r"j F Y \a\t H:i \U\T\C") if at else _("some time ago")


def link_page() -> str:
    return f"{settings.PUBLIC_URL}/link/"


# --- Held --------------------------------------------------------------------------------------


def _unconfirmed(told: ClaimFacts, facts: Facts) -> Answer:
    claim = told.claim
    if facts.kick_trouble:
        return Answer(
            _("Kick is down"),
            "bad",
            _(
                "We have received your claim of %(drop)s and have to check it with Kick, whose "
                "service does not answer at the moment. It is safe and arrives by itself as soon "
                "as Kick answers again."
            )
            % {"drop": _drop(told)},
            _("Kick's API: %(trouble)s") % {"trouble": facts.kick_trouble},
            Remedy.ASK_KICK,
        )
    return Answer(
        _("Being confirmed"),
        "wait",
        _(
            "We have received your claim of %(drop)s and are checking it with Kick. That takes a "
            "minute or two, and you need to do nothing."
        )
        % {"drop": _drop(told)},
        _(
            "Its campaign and reward are not registered together here, and Kick's claims API has "
            "not shown yet that the claim is ours (looked up %(count)d times)."
        )
        % {"count": claim.lookups},
        Remedy.ASK_KICK,
    )


def _not_ours(told: ClaimFacts, _facts: Facts) -> Answer:
    return Answer(
        _("Another organization's"),
        "quiet",
        _(
            "Kick's records show no claim of this drop with us: it belongs to another game's "
            "campaign, whose support can help you. (Claim %(id)s)"
        )
        % {"id": told.claim.pk},
        _(
            "Kick signs every organization's claims with one key, so theirs can be sent here. The "
            "claims API did not show this one for a day. If it is ours after all, asking Kick "
            "brings it back."
        ),
        Remedy.ASK_KICK,
        is_settled=True,
    )


def _unmapped(told: ClaimFacts, _facts: Facts) -> Answer:
    return Answer(
        _("Reward not mapped"),
        "bad",
        _(
            "We have your claim of %(drop)s. We are still preparing this reward; it arrives by "
            "itself as soon as it is ready, and you need to do nothing."
        )
        % {"drop": _drop(told)},
        _(
            "The reward %(reward)s maps to no item. Mapping it grants every claim that waits for "
            "it within a minute."
        )
        % {"reward": told.reward_name},
        Remedy.MAP,
    )


def _waits_for_link(told: ClaimFacts, facts: Facts) -> Answer:
    if facts.player is not None:  # linked meanwhile: only the healing is still to come
        return Answer(
            _("About to be granted"),
            "wait",
            _("We have your claim of %(drop)s; it arrives within a minute.")
            % {"drop": _drop(told)},
            _("Its Kick user is linked by now. The sweep grants it within a minute, or retry it."),
            Remedy.RETRY,
        )
    return Answer(
        _("Not linked"),
        "wait",
        _(
            "We have your claim of %(drop)s, made with the Kick account “%(kick)s”. It arrives as "
            "soon as you link that Kick account to your game account, at %(url)s"
        )
        % {"drop": _drop(told), "kick": told.claim.kick_user, "url": link_page()},
        _("Only the player can link. The claim waits as long as it takes."),
    )


HELD: dict[Claim.HoldReason, Callable[[ClaimFacts, Facts], Answer]] = {
    Claim.HoldReason.UNCONFIRMED: _unconfirmed,
    Claim.HoldReason.NOT_OURS: _not_ours,
    Claim.HoldReason.UNMAPPED_REWARD: _unmapped,
    Claim.HoldReason.NOT_LINKED: _waits_for_link,
}

# --- Granted -----------------------------------------------------------------------------------


def _granted(told: ClaimFacts, facts: Facts) -> Answer:
    open_ones = told.of_status(GRANTED)
    names = {
        "drop": _drop(told, facts.items(told.entitlements)),
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
            "drop": _drop(told, facts.items(given)),
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
            "drop": _drop(told, facts.items(told.entitlements)),
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


def _taken_back(told: ClaimFacts, facts: Facts) -> Answer:
    taken = told.of_status(REVOKED)
    reason = taken[0].revocation_reason if taken else ""
    return Answer(
        _("Taken back"),
        "bad",
        _("Your drop %(drop)s was taken back on %(at)s.")
        % {"drop": _drop(told, facts.items(taken)), "at": when(told.claim.revoked_at)},
        _("The reason given: %(reason)s. This is final; to give it after all, grant it by hand.")
        % {"reason": reason.rstrip(".")},
        is_settled=True,
    )


# --- No claim in sight -------------------------------------------------------------------------


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


def _drop(told: ClaimFacts, items: str = "") -> str:
    """As it is called; while nobody has named it, what is in it or where it is from."""
    if told.reward_name != told.claim.reward_id:
        return f"“{told.reward_name}”"
    if items:
        return f"“{items}”"
    if told.campaign_name != told.claim.campaign_id:
        return _("a drop of “%(campaign)s”") % {"campaign": told.campaign_name}
    return _("a drop")
