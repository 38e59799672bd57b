"""Link attempts: an OAuth redirect to a platform and back, identified by its `state`."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import LinkAttempt, Player, Purpose
from accounts.tokens import UnreadableToken, decrypt, encrypt

LIFETIME = timedelta(minutes=10)
CLEAN_UP_AT_MOST = 100


class LinkAttemptRefused(Exception):
    """The `state` is unknown, used up, expired, or belongs to another session, player or
    platform."""


class StartedByAnotherPlayer(LinkAttemptRefused):
    """This browser has logged in to another game account since. The `state` isn't used up."""


def begin_link_attempt(
    *, platform: str, player: Player | None, session_key: str, verifier: str, now: datetime
) -> str:
    """Store a new link attempt and return its `state`, valid once and for ten minutes.

    Without a player, it's a streamer's attempt to connect a channel. Of state and session only
    digests are stored. The PKCE verifier is stored encrypted.
    """
    with transaction.atomic():
        # Skip rows that another request is deleting.
        expired = LinkAttempt.objects.filter(expires_at__lte=now)
        expired = expired.select_for_update(skip_locked=True).order_by("expires_at")
        keys = [attempt.pk for attempt in expired[:CLEAN_UP_AT_MOST]]
        LinkAttempt.objects.filter(pk__in=keys).delete()
    state = secrets.token_urlsafe(32)
    LinkAttempt.objects.create(
        state_digest=_digest(state),
        session_digest=_digest(session_key),
        platform=platform,
        purpose=Purpose.PLAYER if player else Purpose.CHANNEL,
        player=player,
        encrypted_verifier=encrypt(verifier),
        expires_at=now + LIFETIME,
    )
    return state


def take_link_attempt(
    *, platform: str, player: Player | None, session_key: str, state: str, now: datetime
) -> str:
    """Use up a `state` and return its PKCE verifier. Raises LinkAttemptRefused, also on a repeat.

    Only the request that deletes the row may use the state, so two requests can't both succeed. A
    state that belongs to another player or session stays valid for them. StartedByAnotherPlayer
    only chooses a message: it doesn't prove that this browser started the attempt.
    """
    ours = LinkAttempt.objects.filter(
        state_digest=_digest(state),
        session_digest=_digest(session_key),
        platform=platform,
        player=player,
        expires_at__gt=now,
    )
    attempt = ours.first()
    deleted, _ = ours.delete()
    if attempt is None or not deleted:
        others = LinkAttempt.objects.filter(
            state_digest=_digest(state),
            platform=platform,
            purpose=Purpose.PLAYER,
            expires_at__gt=now,
        ).exclude(player=player)
        is_anothers = player is not None and others.exists()
        raise StartedByAnotherPlayer if is_anothers else LinkAttemptRefused
    try:
        return decrypt(attempt.encrypted_verifier)
    except UnreadableToken as error:
        raise LinkAttemptRefused from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
