"""The link between a player and a Kick user, as far as accounts go.

These services change rows and demand a transaction of the caller's in which the Kick user's row is
locked (`accounts.platform_accounts`). `claims.linking` adds what a link means for claims.
"""

import enum
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import Authorization, Deauthorization, KickUser, LinkEvent, Player
from accounts.tokens import encrypt

BY_PLAYER = "player"

# A revocation that has been under way for longer has lost its worker. The longest that a call to
# Kick takes, with its repetitions, is well below.
SENDING_LASTS_AT_MOST = timedelta(minutes=3)
# Kick does not say when a refresh token goes stale. A week is well within what is usual.
REFRESHED_EVERY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewAuthorization:
    """What Kick has just given. `checked_at`: a moment before Kick was seen to honour it."""

    refresh_token: str = field(repr=False)
    scope: str
    checked_at: datetime


class Linked(enum.StrEnum):
    NEW = "new"
    RENEWED = "renewed"
    """They were linked to each other already; the grant is the new one."""


class LinkRefused(Exception):
    """The link was not made to `kick_user`."""

    def __init__(self, kick_user: KickUser) -> None:
        super().__init__(f"The link to the Kick user {kick_user.pk} was refused.")
        self.kick_user = kick_user


class KickUserTaken(LinkRefused):
    """This Kick user is linked to another player."""


class PlayerHasAnotherKickUser(LinkRefused):
    """This player is linked to another Kick user."""


class DeauthorizationUnderWay(LinkRefused):
    """Kick was being told to end this Kick user's last grant, which may have ended this one too."""


class NotLinked(Exception):
    """This player is linked to no Kick user."""


def link(
    *,
    player: Player,
    kick_user: KickUser,
    authorization: NewAuthorization,
    actor: str,
    now: datetime,
) -> Linked:
    """Link the two and keep the grant. `kick_user` is locked.

    Raises a LinkRefused and changes nothing. On a repeat the grant is replaced: RENEWED.
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
    """End the link of a locked Kick user and turn its grant into a revocation that is due now.

    Raises NotLinked, also on a repeat.
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
    """See to the grant of a refused link. `kick_user` is locked.

    Kick may end everything that this viewer gave us along with one token. While they are linked to
    anybody here the fresh grant is therefore only forgotten, or it would take a live one with it.
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
        # The player may be linking two Kick users at once, so it is the unique key that decides.
        with transaction.atomic():
            KickUser.objects.filter(pk=kick_user.pk).update(player=player, linked_at=now)
    except IntegrityError as error:
        raise PlayerHasAnotherKickUser(kick_user) from error
    kick_user.player, kick_user.linked_at = player, now


def _was_revoked_meanwhile(
    *, kick_user: KickUser, authorization: NewAuthorization, now: datetime
) -> bool:
    """Whether a revocation of this Kick user's may have reached Kick after the grant was checked.

    Kick does not say whether revoking an old token ends a newer grant of the same viewer. One that
    reached Kick before the check has either spared the grant or shown in the check; one that has
    not been sent is overtaken by the link. There remains what was on its way in between.
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
