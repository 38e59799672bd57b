"""The link between a player and a platform account: the account side.

Call these services inside a transaction that holds the lock on the account's row
(`accounts.platform_accounts`). `claims.linking` has the complete operations, including the claims.
"""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.cooldown import cooldown_end
from accounts.models import (
    Authorization,
    Deauthorization,
    LinkEvent,
    PlatformAccount,
    Player,
    Purpose,
)
from accounts.platform_login import PlatformTokens
from accounts.tokens import encrypt

BY_PLAYER = "player"
BY_PLATFORM = "platform"

# If sending takes longer, the worker is presumed dead. The longest call to a platform, with its
# retries, takes much less.
SENDING_LASTS_AT_MOST = timedelta(minutes=3)
# Platforms don't always say when a refresh token expires. A week is within the usual lifetimes.
REFRESHED_EVERY = timedelta(days=7)
# An access token that is in use is replaced after this share of its lifetime.
USED_SHARE_OF_LIFETIME = 0.75
SHORTEST_REFRESH = timedelta(minutes=1)
# However long a platform says that an access token works.
LONGEST_LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewAuthorization:
    """A new authorization. `checked_at`: a time just before the platform accepted its token."""

    tokens: PlatformTokens
    checked_at: datetime


class Linked(enum.StrEnum):
    NEW = "new"
    RENEWED = "renewed"
    """They were already linked. The new authorization replaces the old one."""


class LinkRefused(Exception):
    """No link to `account` was made."""

    def __init__(self, account: PlatformAccount) -> None:
        super().__init__(f"The link to {account.pk} was refused.")
        self.account = account


class AccountTaken(LinkRefused):
    """This account is linked to another player."""


class PlayerHasAnotherAccount(LinkRefused):
    """This player is linked to another account on the same platform."""


class DeauthorizationUnderWay(LinkRefused):
    """The account's last authorization was being ended, which may have ended this one too."""


class RelinkTooSoon(LinkRefused):
    """An earlier link of the player, or of the account, has ended too recently."""


class NotLinked(Exception):
    """This player isn't linked to an account on this platform."""


def link(
    *,
    player: Player,
    account: PlatformAccount,
    authorization: NewAuthorization,
    actor: str,
    ticket_id: str | None = None,
    now: datetime,
) -> Linked:
    """Link the two and store the authorization. The caller holds the lock on `account`.

    Raises LinkRefused and changes nothing. A repeat replaces the authorization: RENEWED.
    """
    outcome = Linked.RENEWED if account.player_id == player.pk else Linked.NEW
    if outcome == Linked.NEW:
        _set_player(account=account, player=player, authorization=authorization, now=now)
        cancel_deauthorizations(account, now=now)
    keep_authorization(
        account=account, purpose=Purpose.PLAYER, authorization=authorization, now=now
    )
    kind = LinkEvent.Kind.LINKED if outcome == Linked.NEW else LinkEvent.Kind.RENEWED
    LinkEvent.objects.create(
        kind=kind, account=account, player=player, actor=actor, ticket_id=ticket_id, at=now
    )
    return outcome


def unlink(*, account: PlatformAccount, actor: str, now: datetime) -> None:
    """End the link and queue its authorization for revocation, due now.

    The caller holds the lock on `account`. Raises NotLinked, also on a repeat.
    """
    if account.player is None:
        raise NotLinked
    LinkEvent.objects.create(
        kind=LinkEvent.Kind.UNLINKED,
        account=account,
        player=account.player,
        actor=actor,
        at=now,
    )
    account.player, account.linked_at = None, None
    account.save(update_fields=["player", "linked_at"])
    drop_authorization(account=account, purpose=Purpose.PLAYER, now=now)


def drop_unused_authorization(
    *, account: PlatformAccount, authorization: NewAuthorization, now: datetime
) -> None:
    """Queue an authorization that isn't kept for revocation, if that's safe.

    A platform may end all of a user's authorizations along with one token. If the user is linked to
    any player, or has connected a channel, the new authorization is only forgotten, because
    revoking it could end the active one. The caller holds the lock on `account`.
    """
    if account.player_id is None and not Authorization.objects.filter(account=account).exists():
        _ask_for_deauthorization(account, encrypt(authorization.tokens.refresh_token), now=now)


def drop_authorization(*, account: PlatformAccount, purpose: Purpose, now: datetime) -> None:
    """Forget the authorization for a purpose. An account's only one is also revoked later.

    For the reason, see `drop_unused_authorization`. The caller holds the lock on `account`.
    """
    is_last = not Authorization.objects.filter(account=account).exclude(purpose=purpose).exists()
    for authorization in Authorization.objects.filter(account=account, purpose=purpose):
        if is_last:
            _ask_for_deauthorization(account, bytes(authorization.encrypted_refresh_token), now=now)
        authorization.delete()


def fresh_tokens(tokens: PlatformTokens, *, purpose: str, now: datetime) -> dict[str, object]:
    """The fields of an Authorization after the platform issued tokens for it.

    A channel's access token is used all the time, so it's replaced before it expires.
    """
    lifetime = timedelta(seconds=min(tokens.expires_in, LONGEST_LIFETIME.total_seconds()))
    is_used = purpose == Purpose.CHANNEL
    refreshed_after = lifetime * USED_SHARE_OF_LIFETIME if is_used else REFRESHED_EVERY
    return {
        "encrypted_refresh_token": encrypt(tokens.refresh_token),
        "encrypted_access_token": encrypt(tokens.access_token),
        "access_expires_at": now + lifetime,
        "obtained_at": now,
        "confirmed_at": now,
        "next_refresh_at": now + max(refreshed_after, SHORTEST_REFRESH),
        "failed_refreshes": 0,
        "refused_since": None,
    }


def _set_player(
    *, account: PlatformAccount, player: Player, authorization: NewAuthorization, now: datetime
) -> None:
    if account.player_id is not None:
        raise AccountTaken(account)
    if was_revoked_meanwhile(account=account, authorization=authorization, now=now):
        raise DeauthorizationUnderWay(account)
    try:
        # The player may be linking two accounts at once, so the unique key decides.
        with transaction.atomic():
            PlatformAccount.objects.filter(pk=account.pk).update(player=player, linked_at=now)
            # After the update, which has waited for an unlinking of the same player. Before it,
            # that unlinking might not be visible yet.
            if cooldown_end(player=player, account_id=account.pk, now=now):
                raise RelinkTooSoon(account)
    except IntegrityError as error:
        raise PlayerHasAnotherAccount(account) from error
    account.player, account.linked_at = player, now


def was_revoked_meanwhile(
    *, account: PlatformAccount, authorization: NewAuthorization, now: datetime
) -> bool:
    """Whether a deauthorization may have reached the platform after `checked_at`.

    A platform may not document whether revoking an old token ends a newer authorization. If the
    revocation arrived before the check, the check has shown its effect. If it hasn't been sent, the
    link cancels it. Only revocations sent in between are a risk.
    """
    is_on_its_way = Q(sending_since__gt=now - SENDING_LASTS_AT_MOST)
    has_just_ended = Q(
        outcome=Deauthorization.Outcome.REVOKED, ended_at__gte=authorization.checked_at
    )
    return Deauthorization.objects.filter(is_on_its_way | has_just_ended, account=account).exists()


def cancel_deauthorizations(account: PlatformAccount, *, now: datetime) -> None:
    """The account is authorized again, so revoking an earlier token could end it."""
    pending = Deauthorization.objects.filter(
        account=account, outcome=Deauthorization.Outcome.PENDING
    )
    pending.update(
        outcome=Deauthorization.Outcome.OVERTAKEN,
        encrypted_refresh_token=b"",
        next_attempt_at=None,
        sending_since=None,
        ended_at=now,
    )


def keep_authorization(
    *,
    account: PlatformAccount,
    purpose: Purpose,
    authorization: NewAuthorization,
    now: datetime,
) -> None:
    """Store it. It replaces the account's earlier one for this purpose."""
    Authorization.objects.update_or_create(
        account=account,
        purpose=purpose,
        defaults={
            **fresh_tokens(authorization.tokens, purpose=purpose, now=now),
            "scope": authorization.tokens.scope,
            "authorized_at": now,
            "disconnected_at": None,
        },
    )


def _ask_for_deauthorization(account: PlatformAccount, encrypted: bytes, *, now: datetime) -> None:
    Deauthorization.objects.create(
        account=account,
        encrypted_refresh_token=encrypted,
        created_at=now,
        next_attempt_at=now,
    )
