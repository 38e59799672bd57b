"""Answers about granted claims: pending, delivered, in another account, or revoked."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from claims.desk.case.loading import Case, CaseClaim, platform_of
from claims.desk.diagnosis.diagnosis import Diagnosis, Remedy, name_drop, when
from claims.desk.webhooks import delivery_answer
from claims.models import ApiKey, Entitlement, WebhookDelivery

GRANTED, FULFILLED, REVOKED = Entitlement.Status


def diagnose_granted(case_claim: CaseClaim, case: Case) -> Diagnosis:
    player = case.player
    if player and all(one.player_id != player.pk for one in case_claim.entitlements):
        return _elsewhere(case_claim, case)
    if case_claim.of_status(GRANTED):
        return _granted(case_claim, case)
    return _delivered(case_claim, case)


def _granted(case_claim: CaseClaim, case: Case) -> Diagnosis:
    open_ones = case_claim.of_status(GRANTED)
    names = {
        "drop": name_drop(case_claim, case.items(case_claim.entitlements)),
        "items": case.items(open_ones),
        "player": open_ones[0].player,
        "at": when(open_ones[0].granted_at),
    }
    if case.keys and not case.keys_seeing(case_claim.category):
        return _seen_by_no_key(names, case_claim, case)
    if pushes := [one for open_one in open_ones for one in case.pushes.get(open_one.public_id, ())]:
        return _pushed(names, pushes)
    if all(one.first_listed_at for one in open_ones):
        listed_at = max(one.first_listed_at for one in open_ones if one.first_listed_at)
        return _told_to_the_game(names | {"listed": when(listed_at)})
    return _not_asked_for(names, case.keys_seeing(case_claim.category))


def _seen_by_no_key(names: dict[str, object], case_claim: CaseClaim, case: Case) -> Diagnosis:
    keys = ", ".join(
        f"{key.name} ({', '.join(key.categories) or _('all categories')})" for key in case.keys
    )
    return Diagnosis(
        _("Hidden from the game"),
        "bad",
        _(
            "Your drop %(drop)s is reserved for your game account “%(player)s” since %(at)s. A "
            "setting on our side keeps the game from delivering it. We're fixing that. You don't "
            "need to do anything."
        )
        % names,
        _(
            "No active API key may see the category “%(category)s” of this campaign. Ask ops to "
            "correct the campaign's category, or to add it to a key. Active keys: %(keys)s."
        )
        % {"category": case_claim.category, "keys": keys},
    )


def _not_asked_for(names: dict[str, object], keys: Sequence[ApiKey]) -> Diagnosis:
    last = max((key.last_used_at for key in keys if key.last_used_at), default=None)
    asked = when(last) if last else _("never")
    return Diagnosis(
        _("Waiting for the game"),
        "wait",
        _(
            "Your drop %(drop)s has been ready for your game account “%(player)s” since %(at)s. "
            "The game delivers it the next time it checks for your drops, usually when you log in."
        )
        % names,
        _(
            "No game server has requested %(items)s yet. Last request by a game server that may "
            "see them: %(asked)s. If that was long ago, the problem is on the game's side. Keys "
            "that may see them: %(keys)s."
        )
        % {**names, "asked": asked, "keys": ", ".join(key.name for key in keys) or _("none")},
    )


def _pushed(names: dict[str, object], pushes: Sequence[WebhookDelivery]) -> Diagnosis:
    taken = [one for one in pushes if one.status == WebhookDelivery.Status.DELIVERED]
    if taken:
        last = taken[-1]
        said = _(
            "The game server “%(endpoint)s” got our message about %(items)s on %(pushed)s and"
            " answered %(answer)s, but hasn't confirmed the delivery. Ask the game team. Nothing is"
            " lost on our side."
        )
    else:
        last = pushes[-1]
        said = _(
            "The game server “%(endpoint)s” hasn't taken our message about %(items)s."
            " %(answer)s. It's sent again. The server can also list the item itself."
        )
    details = {
        "endpoint": last.endpoint,
        "pushed": when(last.last_attempt_at),
        "answer": delivery_answer(last).rstrip(".") or _("It isn't sent yet"),
    }
    return Diagnosis(
        _("With the game") if taken else _("The game server doesn't answer"),
        "wait",
        _(
            "Your drop %(drop)s has been ready for your game account “%(player)s” since %(at)s. The"
            " game knows about it and is about to deliver it. If it isn't there after you log in"
            " again, please let us know."
        )
        % names
        if taken
        else _(
            "Your drop %(drop)s has been ready for your game account “%(player)s” since %(at)s. "
            "The game delivers it the next time it checks for your drops, usually when you log in."
        )
        % names,
        said % {**names, **details},
    )


def _told_to_the_game(names: dict[str, object]) -> Diagnosis:
    return Diagnosis(
        _("With the game"),
        "wait",
        _(
            "We passed your drop %(drop)s to the game on %(listed)s, for your game account "
            "“%(player)s”. The game is about to deliver it. If it isn't there after you log in "
            "again, please let us know."
        )
        % names,
        _(
            "A game server received %(items)s but hasn't confirmed the delivery. Ask the game "
            "team. Nothing is lost on our side."
        )
        % names,
    )


def _delivered(case_claim: CaseClaim, case: Case) -> Diagnosis:
    given = case_claim.of_status(FULFILLED)
    ids = ", ".join(dict.fromkeys(one.fulfilment_id for one in given))
    return Diagnosis(
        _("Delivered"),
        "good",
        _("Your drop %(drop)s was delivered to your game account “%(player)s” on %(at)s.")
        % {
            "drop": name_drop(case_claim, case.items(given)),
            "player": given[0].player,
            "at": when(given[-1].fulfilled_at),
        },
        _("The game server delivered %(items)s. Fulfilment ID: %(ids)s.")
        % {"items": case.items(given), "ids": ids},
        is_settled=True,
    )


def _elsewhere(case_claim: CaseClaim, case: Case) -> Diagnosis:
    """All items went to another player, to whom the account was linked at the time."""
    theirs = case_claim.entitlements[0]
    return Diagnosis(
        _("In another game account"),
        "bad",
        _(
            "Your drop %(drop)s went to a different game account than “%(player)s”: the account "
            "that your %(platform)s account was linked to when the drop arrived, on %(at)s."
        )
        % {
            "drop": name_drop(case_claim, case.items(case_claim.entitlements)),
            "player": case.player,
            "platform": platform_of(case_claim.claim),
            "at": when(theirs.granted_at),
        },
        _(
            "It went to “%(other)s” (%(id)s). If both accounts belong to this player, revoke it "
            "there, then grant it manually here. Don't reveal the other account to the player."
        )
        % {"other": theirs.player, "id": theirs.player.game_account_id},
        Remedy.GRANT,
    )


def diagnose_revoked(case_claim: CaseClaim, case: Case) -> Diagnosis:
    taken = case_claim.of_status(REVOKED)
    reason = taken[0].revocation_reason if taken else ""
    return Diagnosis(
        _("Revoked"),
        "bad",
        _("Your drop %(drop)s was revoked on %(at)s.")
        % {
            "drop": name_drop(case_claim, case.items(taken)),
            "at": when(case_claim.claim.revoked_at),
        },
        _("Reason: %(reason)s. This is final. To restore the drop, grant it manually.")
        % {"reason": reason.rstrip(".")},
        is_settled=True,
    )
