"""The link between a player and a Kick user: the account side.

Call these services inside a transaction that holds the lock on the Kick user's row
(`accounts.platform_accounts`). `claims.linking` has the complete operations, including the claims.
"""

import enum
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import Authorization, Deauthorization, KickUser, LinkEvent, Player
from accounts.tokens import encrypt

BY_PLAYER = "player"

# If sending takes longer, the worker is presumed dead. The longest call to Kick, with its retries,
# takes much less.
SENDING_LASTS_AT_MOST = timedelta(minutes=3)
# Kick doesn't say when a refresh token expires. A week is well within the usual lifetimes.
REFRESHED_EVERY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewAuthorization:
    """A new authorization. `checked_at`: a time just before Kick accepted its access token."""

    refresh_token: str = field(repr=False)
    scope: str
    checked_at: datetime


class Linked(enum.StrEnum):
    NEW = "new"
    RENEWED = "renewed"
    """They were already linked. The new authorization replaces the old one."""


class LinkRefused(Exception):
    """No link to `kick_user` was made."""

    def __init__(self, kick_user: KickUser) -> None:
        super().__init__(f"The link to Kick user {kick_user.pk} was refused.")
        self.kick_user = kick_user


class KickUserTaken(LinkRefused):
    """This Kick user is linked to another player."""


class PlayerHasAnotherKickUser(LinkRefused):
    """This player is linked to another Kick user."""


class DeauthorizationUnderWay(LinkRefused):
    """The user's previous authorization was being revoked, which may have ended this one too."""


class NotLinked(Exception):
    """This player isn't linked to a Kick user."""


def link(
    *,
    player: Player,
    kick_user: KickUser,
    authorization: NewAuthorization,
    actor: str,
    now: datetime,
) -> Linked:
    """Link the two and store the authorization. The caller holds the lock on `kick_user`.

    Raises LinkRefused and changes nothing. A repeat replaces the authorization: RENEWED.
    """
    outcome = Linked.RENEWED if kick_user.player_id == player.pk else Linked.NEW
    if outcome == Linked.NEW:
        _set_player(kick_user=kick_user, player=player, authorization=authorization, now=now)
        _overtake_deauthorizations(kick_user=kick_user, now=now)
    _keep_authorization(kick_user=kick_user, authorization=authorization, now=now)
    kind = LinkEvent.Kind.LINKED if outcome == Linked.NEW else LinkEvent.Kind.RENEWED
    LinkEvent.objects.create(kind=kind, kick_user=kick_user, player=player, actor=actor, at=now)
    return outcome


def unlink(*, kick_user: KickUser, actor: str, now: datetime) -> None:
    """End the link and queue its authorization for revocation, due now.

    The caller holds the lock on `kick_user`. Raises NotLinked, also on a repeat.
    """
    if kick_user.player is None:
        raise NotLinked
    LinkEvent.objects.create(
        kind=LinkEvent.Kind.UNLINKED,
        kick_user=kick_user,
        player=kick_user.player,
        actor=actor,
        at=now,
    )
    kick_user.player, kick_user.linked_at = None, None
    kick_user.save(update_fields=["player", "linked_at"])
    for authorization in Authorization.objects.filter(kick_user=kick_user):
        _ask_for_deauthorization(kick_user, bytes(authorization.encrypted_refresh_token), now=now)
        authorization.delete()


def drop_unused_authorization(
    *, kick_user: KickUser, authorization: NewAuthorization, now: datetime
) -> None:
    """Queue the authorization of a refused link for revocation, if that's safe.

    Kick may end all of a viewer's authorizations along with one token. If the viewer is linked to
    any player, the new authorization is only forgotten, because revoking it could end the active
    one. The caller holds the lock on `kick_user`.
    """
    if kick_user.player_id is None:
        _ask_for_deauthorization(kick_user, encrypt(authorization.refresh_token), now=now)


def _set_player(
    *, kick_user: KickUser, player: Player, authorization: NewAuthorization, now: datetime
) -> None:
    if kick_user.player_id is not None:
        raise KickUserTaken(kick_user)
    if _was_revoked_meanwhile(kick_user=kick_user, authorization=authorization, now=now):
        raise DeauthorizationUnderWay(kick_user)
    try:
        # The player may be linking two Kick users at once, so the unique key decides.
        with transaction.atomic():
            KickUser.objects.filter(pk=kick_user.pk).update(player=player, linked_at=now)
    except IntegrityError as error:
        raise PlayerHasAnotherKickUser(kick_user) from error
    kick_user.player, kick_user.linked_at = player, now


def _was_revoked_meanwhile(
    *, kick_user: KickUser, authorization: NewAuthorization, now: datetime
) -> bool:
    """Whether a revocation for this Kick user may have reached Kick after `grant.checked_at`.

    Kick doesn't document whether revoking an old token ends the viewer's newer authorization. If
    the revocation arrived before the check, the check has shown its effect. If it hasn't been sent,
    the link cancels it. Only revocations sent in between are a risk.
    """
    is_on_its_way = Q(sending_since__gt=now - SENDING_LASTS_AT_MOST)
    has_just_ended = Q(
        outcome=Deauthorization.Outcome.REVOKED, ended_at__gte=authorization.checked_at
    )
    return Deauthorization.objects.filter(
        is_on_its_way | has_just_ended, kick_user=kick_user
    ).exists()


def _overtake_deauthorizations(*, kick_user: KickUser, now: datetime) -> None:
    Deauthorization.objects.filter(
        kick_user=kick_user, outcome=Deauthorization.Outcome.PENDING
    ).update(
        outcome=Deauthorization.Outcome.OVERTAKEN,
        encrypted_refresh_token=b"",
        next_attempt_at=None,
        sending_since=None,
        ended_at=now,
    )


def _keep_authorization(
    *, kick_user: KickUser, authorization: NewAuthorization, now: datetime
) -> None:
    Authorization.objects.update_or_create(
        kick_user=kick_user,
        defaults={
            "encrypted_refresh_token": encrypt(authorization.refresh_token),
            "scope": authorization.scope,
            "obtained_at": now,
            "next_refresh_at": now + REFRESHED_EVERY,
            "failed_refreshes": 0,
            "disconnected_at": None,
        },
    )


def _ask_for_deauthorization(kick_user: KickUser, encrypted: bytes, *, now: datetime) -> None:
    Deauthorization.objects.create(
        kick_user=kick_user,
        encrypted_refresh_token=encrypted,
        created_at=now,
        next_attempt_at=now,
    )
