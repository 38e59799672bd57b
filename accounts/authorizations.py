"""Keep authorizations alive: use refresh tokens before they expire, one at a time per link.

The row is the job, as in `accounts.deauthorizations`. A worker takes it under its account's lock,
calls the platform outside any transaction, and stores the new token only if the row still holds
the token it sent. Platforms rotate the token with each use, so using it twice at once would lose
the authorization.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.channels import has_live_channel
from accounts.links import (
    BY_PLATFORM,
    SENDING_LASTS_AT_MOST,
    NewAuthorization,
    drop_unused_authorization,
    fresh_tokens,
)
from accounts.models import Authorization, LinkEvent, Purpose
from accounts.platform_accounts import lock_account, lock_account_if_free
from accounts.platform_login import PlatformLogin, PlatformTokens
from accounts.tokens import UnreadableToken, decrypt
from core.clock import RunningClock
from core.leases import AT_A_STRETCH, no_lease
from core.logs import log_event
from core.platform_errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnauthorized,
    PlatformUnavailable,
)

logger = logging.getLogger(__name__)

AT_MOST = 200
# Platforms refuse good tokens at random, even for days. So a refusal is believed only if it lasts.
REFUSED_FOR = timedelta(days=7)
# If a platform refuses more authorizations than this share, and more than a few, or all of several,
# the fault is the platform's, and none of them counts as ended.
MASS_REFUSAL_SHARE = 0.2
A_FEW = 5


def refresh_authorizations(
    *, login: PlatformLogin, now: datetime, renew: Callable[[], None] = no_lease
) -> int:
    """Exchange each due refresh token of a platform for a new one. Returns the number exchanged.

    An authorization that the platform refuses for a week, tried once a day, is marked as
    disconnected: its player has to connect again. Nothing is marked while the platform refuses many
    of them, is down, busy, or refuses our client credentials: PlatformUnavailable or
    PlatformUnauthorized is raised for the last three. Several workers may run this at once. `renew`
    is called after each answer. A repeat returns 0.
    """
    clock, refreshed = RunningClock(now), 0
    for _ in range(AT_MOST):
        authorization = _take_due(login.platform, now=clock())
        if authorization is None:
            break
        try:
            tokens = login.refresh(decrypt(authorization.encrypted_refresh_token))
        except (PlatformError, UnreadableToken) as error:
            is_refused = isinstance(error, PlatformRefused) and error.status == 400
            _note_failure(authorization, error, is_refused=is_refused, now=clock())
            if isinstance(error, (PlatformUnavailable, PlatformUnauthorized)):
                raise
        else:
            _store(authorization, tokens, now=clock())
            refreshed += 1
        renew()
        if clock() - now >= AT_A_STRETCH:
            break
    return refreshed


def _take_due(platform: str, *, now: datetime) -> Authorization | None:
    due = Authorization.objects.filter(
        next_refresh_at__lte=now, account__platform=platform
    ).order_by("next_refresh_at")
    for account_id in due.values_list("account_id", flat=True)[:AT_MOST]:
        with transaction.atomic():
            if not lock_account_if_free(account_id):
                continue
            authorization = due.filter(account_id=account_id).first()
            if authorization is not None:
                authorization.next_refresh_at = now + SENDING_LASTS_AT_MOST
                authorization.save(update_fields=["next_refresh_at"])
                return authorization
    return None


@transaction.atomic
def _store(authorization: Authorization, tokens: PlatformTokens, *, now: datetime) -> None:
    account = lock_account(authorization.account_id, now=now)
    is_kept = _same_token(authorization).update(
        **fresh_tokens(tokens, purpose=authorization.purpose, now=now)
    )
    if not is_kept:  # Unlinked, disconnected or relinked meanwhile: no row needs this token.
        unused = NewAuthorization(tokens, checked_at=now)
        drop_unused_authorization(account=account, authorization=unused, now=now)
    _log(authorization, "refreshed" if is_kept else "overtaken")


def _note_failure(
    authorization: Authorization, error: Exception, *, is_refused: bool, now: datetime
) -> None:
    """Let the authorization wait. A refusal counts as its end once it has lasted for a week."""
    refused_since = (authorization.refused_since or now) if is_refused else None
    if refused_since and now - refused_since >= REFUSED_FOR and not _refuses_many(authorization):
        _disconnect(authorization, now=now)
        return
    failures = authorization.failed_refreshes + 1
    retry_after = error.retry_after if isinstance(error, PlatformUnavailable) else None
    # A channel can do nothing without its token, so a refusal doesn't slow its retries down.
    is_patient = is_refused and authorization.purpose == Purpose.PLAYER
    back_off = settings.BACK_OFFS["refused_refresh" if is_patient else "refresh"]
    pause = back_off.pause(failures, retry_after=retry_after)
    _same_token(authorization).update(
        next_refresh_at=now + pause,
        failed_refreshes=failures,
        refused_since=refused_since or authorization.refused_since,
    )
    _log(authorization, type(error).__name__, logging.WARNING)


@transaction.atomic
def _disconnect(authorization: Authorization, *, now: datetime) -> None:
    account = lock_account(authorization.account_id, now=now)
    if not _same_token(authorization).update(next_refresh_at=None, disconnected_at=now):
        return
    is_players = authorization.purpose == Purpose.PLAYER
    # With a live channel, the owner's consent goes on: only this token has ended.
    if account.player is not None and is_players and not has_live_channel(account.pk):
        LinkEvent.objects.create(
            kind=LinkEvent.Kind.DISCONNECTED,
            account=account,
            player=account.player,
            actor=BY_PLATFORM,
            at=now,
        )
    _log(authorization, "disconnected")


def _refuses_many(authorization: Authorization) -> bool:
    kept = Authorization.objects.filter(
        account__platform=authorization.account.platform, disconnected_at=None
    )
    refused, total = kept.refused().count(), kept.count()
    return refused == total > 1 or refused > max(A_FEW, MASS_REFUSAL_SHARE * total)


def _same_token(authorization: Authorization) -> QuerySet[Authorization]:
    """The row, if it still holds the same token."""
    return Authorization.objects.filter(pk=authorization.pk, obtained_at=authorization.obtained_at)


def _log(authorization: Authorization, outcome: str, level: int = logging.INFO) -> None:
    log_event(logger, "authorization", level, account_id=authorization.account_id, outcome=outcome)
