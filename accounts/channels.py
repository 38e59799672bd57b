"""A partner streamer's authorization: connect a channel, use its access token, disconnect.

It's kept apart from the owner's link as a player: see `accounts.models.Purpose`. The tokens are
renewed by `accounts.authorizations`, as all are.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts.links import (
    SENDING_LASTS_AT_MOST,
    DeauthorizationUnderWay,
    NewAuthorization,
    cancel_deauthorizations,
    drop_authorization,
    drop_unused_authorization,
    keep_authorization,
    was_revoked_meanwhile,
)
from accounts.models import Authorization, Purpose
from accounts.platform_accounts import lock_account
from accounts.tokens import UnreadableToken, decrypt
from core.early_start import start_after_commit

REFRESH_AUTHORIZATIONS = "studio_drops.refresh_authorizations"


def connect_channel(
    *, account_key: str, name: str, authorization: NewAuthorization, now: datetime
) -> None:
    """Store the authorization of a channel's owner. A repeat replaces it.

    Raises DeauthorizationUnderWay. Nothing has changed then.
    """
    with transaction.atomic():
        account = lock_account(account_key, name=name, now=now)
        if was_revoked_meanwhile(account=account, authorization=authorization, now=now):
            raise DeauthorizationUnderWay(account)
        cancel_deauthorizations(account, now=now)
        keep_authorization(
            account=account, purpose=Purpose.CHANNEL, authorization=authorization, now=now
        )


@transaction.atomic
def refuse_channel(
    *, account_key: str, name: str, authorization: NewAuthorization, now: datetime
) -> None:
    """Give back the authorization of someone whose channel isn't a partner channel."""
    account = lock_account(account_key, name=name, now=now)
    drop_unused_authorization(account=account, authorization=authorization, now=now)


@transaction.atomic
def disconnect_channel(*, account_key: str, now: datetime) -> None:
    """Forget a channel's authorization. On a repeat nothing changes."""
    account = lock_account(account_key, now=now)
    drop_authorization(account=account, purpose=Purpose.CHANNEL, now=now)


def channel_authorizations() -> QuerySet[Authorization]:
    """The authorizations of connected channels. Each is for its `account_id`."""
    return Authorization.objects.filter(purpose=Purpose.CHANNEL, disconnected_at=None)


def has_live_channel(account_key: str) -> bool:
    """Whether this account's owner has connected a channel that the platform hasn't refused."""
    live = channel_authorizations().filter(account_id=account_key, refused_since=None)
    return live.exists()


def access_token_of(account_key: str, *, now: datetime) -> str:
    """A connected channel's access token, or "" if it isn't valid: then the job renews it soon."""
    authorization = channel_authorizations().filter(account_id=account_key).first()
    if authorization is None:
        return ""
    until = authorization.access_expires_at
    if authorization.encrypted_access_token and until is not None and until > now:
        try:
            return decrypt(authorization.encrypted_access_token)
        except UnreadableToken:
            return ""
    renew_soon(account_key, now=now)
    return ""


def renew_soon(account_key: str, *, now: datetime) -> None:
    """The platform refused the access token, or it has expired: let the job renew it now.

    Until the job has renewed it, there is no valid token. A renewal that failed isn't repeated
    before its pause is over.
    """
    rows = channel_authorizations().filter(account_id=account_key)
    rows.update(access_expires_at=now)
    later = rows.filter(failed_refreshes=0, next_refresh_at__gt=now + SENDING_LASTS_AT_MOST)
    if later.update(next_refresh_at=now):
        start_after_commit(REFRESH_AUTHORIZATIONS)
