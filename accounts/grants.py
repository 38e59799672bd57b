"""Keeping grants alive: refresh tokens are used before they go stale, one at a time per link.

The row is the job, as in `accounts.revocations`: it is taken under its Kick user's lock, Kick is
asked outside of any transaction, and the answer is stored only where the token is still the one
that was sent. Kick rotates the token with each use, so that two uses at once would lose the grant.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from accounts.clocks import RunningClock
from accounts.linking import REFRESHED_EVERY, SENDING_LASTS_AT_MOST, FreshGrant, drop_unused_grant
from accounts.locks import lock_kick_user
from accounts.models import KickGrant, KickUser
from accounts.tokens import UnreadableToken, decrypt, encrypt
from studio_drops.kick.errors import KickError, KickRejected, KickUnauthorized, KickUnavailable
from studio_drops.kick.oauth import OAuthClient, Tokens
from studio_drops.logs import log_event

logger = logging.getLogger(__name__)

AT_MOST = 200
FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=12)
# RFC 6749: the grant is over, whatever we send.
ENDED = "invalid_grant"
# Kick's documentation shows "Invalid request" where others say why. A refusal that names no cause
# is believed the third time, and only while Kick honours our own credentials.
BELIEVED_AFTER = 2


def refresh_grants(*, oauth: OAuthClient, now: datetime) -> int:
    """Exchange each refresh token that is due for a fresh one. Returns how many were.

    A grant that Kick calls ended is marked as disconnected; Kick being down, busy or at odds with
    our own credentials marks nothing. Any number of workers may do this at once. On a repeat: 0.
    """
    clock, refreshed = RunningClock(now), 0
    for _ in range(AT_MOST):
        grant = _take_due(now=clock())
        if grant is None:
            break
        try:
            tokens = oauth.refresh(decrypt(grant.encrypted_refresh_token))
        except (KickError, UnreadableToken) as error:
            if _is_ended(grant, error, oauth=oauth):
                _mark_disconnected(grant, now=clock())
                continue
            _note_failure(grant, error, now=clock())
            if isinstance(error, (KickUnavailable, KickUnauthorized)):
                break
        else:
            _store(grant, tokens, now=clock())
            refreshed += 1
    return refreshed


def _take_due(*, now: datetime) -> KickGrant | None:
    due = KickGrant.objects.filter(next_refresh_at__lte=now).order_by("next_refresh_at")
    for kick_user_id in due.values_list("pk", flat=True)[:AT_MOST]:
        with transaction.atomic():
            if not _is_locked(kick_user_id):
                continue
            grant = due.filter(pk=kick_user_id).first()
            if grant is not None:
                grant.next_refresh_at = now + SENDING_LASTS_AT_MOST
                grant.save(update_fields=["next_refresh_at"])
                return grant
    return None


def _is_locked(kick_user_id: str) -> bool:
    """Lock the Kick user unless somebody else has."""
    free = KickUser.objects.select_for_update(skip_locked=True, no_key=True)
    return free.filter(pk=kick_user_id).first() is not None


@transaction.atomic
def _store(grant: KickGrant, tokens: Tokens, *, now: datetime) -> None:
    kick_user = lock_kick_user(grant.kick_user_id, now=now)
    is_kept = _same_token(grant).update(
        encrypted_refresh_token=encrypt(tokens.refresh_token),
        obtained_at=now,
        next_refresh_at=now + REFRESHED_EVERY,
        failed_refreshes=0,
    )
    if not is_kept:  # Unlinked or linked anew meanwhile, so that this token is nobody's.
        fresh = FreshGrant(refresh_token=tokens.refresh_token, scope=grant.scope, checked_at=now)
        drop_unused_grant(kick_user=kick_user, grant=fresh, now=now)
    _log(grant, "refreshed" if is_kept else "overtaken")


def _is_ended(grant: KickGrant, error: Exception, *, oauth: OAuthClient) -> bool:
    """Whether Kick has refused this grant, and not us, or for a reason that will pass."""
    if not isinstance(error, KickRejected) or error.status != 400:
        return False
    return error.error == ENDED or (
        grant.failed_refreshes >= BELIEVED_AFTER and _are_credentials_good(oauth)
    )


def _are_credentials_good(oauth: OAuthClient) -> bool:
    try:
        oauth.client_credentials()
    except KickError:
        return False
    return True


def _mark_disconnected(grant: KickGrant, *, now: datetime) -> None:
    _same_token(grant).update(next_refresh_at=None, disconnected_at=now)
    _log(grant, "disconnected")


def _note_failure(grant: KickGrant, error: Exception, *, now: datetime) -> None:
    pause = min(FIRST_PAUSE * 2 ** min(grant.failed_refreshes, 16), LONGEST_PAUSE)
    _same_token(grant).update(
        next_refresh_at=now + pause, failed_refreshes=grant.failed_refreshes + 1
    )
    _log(grant, type(error).__name__, logging.WARNING)


def _same_token(grant: KickGrant) -> QuerySet[KickGrant]:
    """The row, unless it holds another token by now."""
    return KickGrant.objects.filter(pk=grant.pk, obtained_at=grant.obtained_at)


def _log(grant: KickGrant, outcome: str, level: int = logging.INFO) -> None:
    log_event(logger, "grant", level, kick_user_id=grant.kick_user_id, outcome=outcome)
