"""Links that wait for the player's “yes”: the owner has consented at the platform, but we ask.

The platform uses the account that's signed in there, which may be a brother's. So the page shows
both accounts before anything is linked. The authorization waits here, encrypted, for ten minutes.
If the player says no, or nothing, it's ended at the platform.
"""

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction

from accounts.cooldown import cooldown_end
from accounts.link_attempts import LinkAttemptRefused
from accounts.links import NewAuthorization, drop_unused_authorization
from accounts.models import PendingLink, PlatformAccount, Player, account_key
from accounts.platform_accounts import lock_account
from accounts.platform_login import PlatformTokens, PlatformUser
from accounts.tokens import UnreadableToken, decrypt, encrypt

LIFETIME = timedelta(minutes=10)
ENDED_AT_ONCE_AT_MOST = 100


def needs_confirmation(*, player: Player, platform: str, user: PlatformUser, now: datetime) -> bool:
    """Whether the link would be new. A renewal isn't asked about, nor a link that's refused."""
    account_id = account_key(platform, user.user_id)
    is_taken = PlatformAccount.objects.filter(pk=account_id, player__isnull=False)
    has_one = PlatformAccount.objects.filter(player=player, platform=platform)
    has_to_wait = cooldown_end(player=player, account_id=account_id, now=now)
    return not (is_taken.exists() or has_one.exists() or has_to_wait)


def hold_link(
    *,
    player: Player,
    platform: str,
    session_key: str,
    user: PlatformUser,
    authorization: NewAuthorization,
    now: datetime,
) -> None:
    """Keep an authorization until the player confirms. It replaces this browser's earlier one."""
    # The same account again: ending the earlier authorization could end the new one, too.
    same = {"platform": platform, "user_id": user.user_id}
    PendingLink.objects.filter(session_digest=_digest(session_key), **same).delete()
    discard_pending_link(session_key=session_key, now=now)
    tokens = authorization.tokens
    PendingLink.objects.create(
        session_digest=_digest(session_key),
        player=player,
        platform=platform,
        user_id=user.user_id,
        name=user.name,
        encrypted_refresh_token=encrypt(tokens.refresh_token),
        encrypted_access_token=encrypt(tokens.access_token),
        scope=tokens.scope,
        expires_in=tokens.expires_in,
        checked_at=authorization.checked_at,
        expires_at=now + LIFETIME,
    )


def find_pending_link(*, player: Player, session_key: str, now: datetime) -> PendingLink:
    """The link that this browser has to confirm. Raises LinkAttemptRefused."""
    pending = PendingLink.objects.filter(
        session_digest=_digest(session_key), player=player, expires_at__gt=now
    ).first()
    if pending is None:
        raise LinkAttemptRefused
    return pending


def take_pending_link(
    *, player: Player, session_key: str, now: datetime
) -> tuple[PendingLink, NewAuthorization]:
    """Use up the link to confirm. Raises LinkAttemptRefused, also on a repeat."""
    pending = find_pending_link(player=player, session_key=session_key, now=now)
    deleted, _ = PendingLink.objects.filter(pk=pending.pk).delete()
    if not deleted:
        raise LinkAttemptRefused
    try:
        return pending, _authorization_of(pending)
    except UnreadableToken as error:
        raise LinkAttemptRefused from error


def discard_pending_link(*, session_key: str, now: datetime) -> None:
    """Forget this browser's link to confirm, and end its authorization. A repeat does nothing."""
    for pending in PendingLink.objects.filter(session_digest=_digest(session_key)):
        _discard(pending, now=now)


def discard_expired_links(*, now: datetime) -> int:
    """End the authorizations that no one has confirmed. Returns their number. On a repeat: 0."""
    expired = PendingLink.objects.filter(expires_at__lte=now).order_by("expires_at")
    return sum(_discard(pending, now=now) for pending in expired[:ENDED_AT_ONCE_AT_MOST])


@transaction.atomic
def _discard(pending: PendingLink, *, now: datetime) -> bool:
    account = lock_account(account_key(pending.platform, pending.user_id), now=now)
    deleted, _ = PendingLink.objects.filter(pk=pending.pk).delete()
    if deleted:
        with suppress(UnreadableToken):  # a key is missing: the platform ends it some day
            authorization = _authorization_of(pending)
            drop_unused_authorization(account=account, authorization=authorization, now=now)
    return bool(deleted)


def _authorization_of(pending: PendingLink) -> NewAuthorization:
    tokens = PlatformTokens(
        access_token=decrypt(pending.encrypted_access_token),
        refresh_token=decrypt(pending.encrypted_refresh_token),
        scope=pending.scope,
        expires_in=pending.expires_in,
    )
    return NewAuthorization(tokens, checked_at=pending.checked_at)


def _digest(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()
