"""Builds this deployment's Kick client from the settings: hosts, app credentials, public key.

Only entry points (views, tasks, commands) use this module. Services take a client as an argument.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.core.signals import setting_changed

from core import metrics
from core.version import VERSION
from platforms.kick.linking import KickApp
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.channel_rewards import ChannelRewardsApi
from platforms.kick.protocol.http import new_http
from platforms.kick.protocol.oauth import OAuthClient, Tokens
from platforms.kick.protocol.signatures import SignedDelivery
from platforms.kick.public_keys import NoPublicKey, PublicKeys
from platforms.kick.request_gate import RequestGate

__all__ = ["AppToken", "Kick", "NoPublicKey", "PublicKeys", "get_kick", "verify_delivery"]

# Replace a token a minute (at most a tenth of its lifetime) before it expires, so that it doesn't
# expire during a request.
EXPIRY_MARGIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Kick:
    """This deployment's clients for Kick."""

    api: KickApi
    channel_rewards: ChannelRewardsApi
    oauth: OAuthClient
    public_keys: PublicKeys


class AppToken:
    """The app access token. Fetched on demand, by one thread at a time."""

    def __init__(
        self, fetch: Callable[[], Tokens], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def __call__(self, fresh: bool) -> str:
        """Return a token. With `fresh`, replace the one Kick just refused. Raises KickError."""
        refused = self._token
        with self._lock:
            is_good = self._clock() < self._good_until
            if not is_good or (fresh and self._token == refused):
                asked_at = self._clock()
                tokens = self._fetch()
                self._token = tokens.access_token
                margin = min(EXPIRY_MARGIN_SECONDS, tokens.expires_in / 10)
                self._good_until = asked_at + tokens.expires_in - margin
            return self._token


def get_kick() -> Kick:
    """Return this process's client. All threads share it."""
    global _kick
    kick = _kick
    if kick is None:
        with _building:
            kick = _kick = _kick or _build()
    return kick


def get_app() -> KickApp:
    return KickApp(
        id_url=settings.KICK_ID_URL,
        client_id=settings.KICK_CLIENT_ID,
        redirect_uri=settings.KICK_REDIRECT_URI,
        channel_redirect_uri=settings.KICK_CHANNEL_REDIRECT_URI,
    )


def verify_delivery(delivery: SignedDelivery, *, now: datetime) -> bool:
    """Whether Kick signed this delivery. May fetch a new key: see `kick.public_keys`.

    Raises NoPublicKey until Kick's key has been fetched once.
    """
    return get_kick().public_keys.verify(delivery, now=now)


def _build() -> Kick:
    http = new_http(observe=count_call, user_agent=f"studio-drops/{VERSION}", gate=RequestGate())
    oauth = OAuthClient(
        id_url=settings.KICK_ID_URL,
        client_id=settings.KICK_CLIENT_ID,
        client_secret=settings.KICK_CLIENT_SECRET,
        http=http,
    )
    api_url = settings.KICK_API_URL
    api = KickApi(api_url=api_url, http=http, app_token=AppToken(oauth.client_credentials))
    public_keys = PublicKeys(api_url=api_url, fetch=partial(fetch_key, api))
    channel_rewards = ChannelRewardsApi(api_url=api_url, http=http)
    return Kick(api=api, channel_rewards=channel_rewards, oauth=oauth, public_keys=public_keys)


def count_call(path: str, outcome: str) -> None:
    metrics.KICK_CALLS.labels(path=path, outcome=outcome).inc()


def fetch_key(api: KickApi) -> str:
    outcome = "failed"
    try:
        pem = api.public_key()
        outcome = "fetched"
        return pem
    finally:
        metrics.KEY_FETCHES.labels(outcome=outcome).inc()


_kick: Kick | None = None
_building = threading.Lock()


def start_anew() -> None:
    """After a fork, drop the parent's connections and any lock that one of its threads held."""
    global _kick, _building
    _kick = None
    _building = threading.Lock()


def forget_settings(*, setting: str, **_: object) -> None:
    """Rebuild the client after a setting changed, which only happens in tests."""
    global _kick
    if setting.startswith("KICK_"):
        _kick = None


os.register_at_fork(after_in_child=start_anew)
setting_changed.connect(forget_settings)
