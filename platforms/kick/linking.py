"""How a Kick account is authorized, refreshed and deauthorized."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from accounts.models import Purpose
from accounts.platform_login import PlatformLogin, PlatformTokens, PlatformUser
from core.platform_errors import PlatformRefused
from platforms.kick.errors import platform_errors
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.channel_rewards import READ_SCOPE, WRITE_SCOPE
from platforms.kick.protocol.oauth import (
    OAuthClient,
    Tokens,
    authorize_url,
    challenge_of,
    new_verifier,
)

# Kick's login redirects through several of its hosts.
KICK_ORIGINS = ("https://id.kick.com", "https://kick.com", "https://*.kick.com")
# What a player allows: reading their name and user id. A streamer also lets us offer rewards. Kick
# doesn't say whether a newer consent narrows an older one, so a streamer's has a player's scope.
SCOPES = {
    Purpose.PLAYER: "user:read",
    Purpose.CHANNEL: f"user:read {READ_SCOPE} {WRITE_SCOPE}",
}
# A player's page waits this long for Kick's word on a connection.
CHECK_SECONDS = 1.0
# Error codes for a token that Kick no longer knows (RFC 6749, RFC 6750).
UNKNOWN_TOKEN = ("invalid_grant", "invalid_token")


@dataclass(frozen=True, slots=True)
class KickApp:
    """This deployment's app on Kick, as the settings have it."""

    id_url: str
    client_id: str
    redirect_uri: str
    channel_redirect_uri: str


class KickLogin(PlatformLogin):
    platform = "kick"
    label = "Kick"
    association_contact = _("e-mail the client ID to developers@kick.com.")

    def __init__(
        self,
        *,
        app: Callable[[], KickApp],
        oauth: Callable[[], OAuthClient],
        api: Callable[[], KickApi],
    ) -> None:
        """The callables return the settings and the clients of this process."""
        self._app = app
        self._oauth = oauth
        self._api = api

    def new_verifier(self) -> str:
        return new_verifier()

    def authorize_url(self, *, state: str, verifier: str, purpose: Purpose = Purpose.PLAYER) -> str:
        app = self._app()
        return authorize_url(
            id_url=app.id_url,
            client_id=app.client_id,
            redirect_uri=_redirect_uri(app, purpose),
            scope=SCOPES[purpose],
            state=state,
            challenge=challenge_of(verifier),
        )

    def origins(self) -> Sequence[str]:
        parts = urlsplit(self._app().id_url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return KICK_ORIGINS if origin in KICK_ORIGINS else [origin]

    def exchange_code(
        self, *, code: str, verifier: str, purpose: Purpose = Purpose.PLAYER
    ) -> PlatformTokens:
        redirect_uri = _redirect_uri(self._app(), purpose)
        with platform_errors():
            return _tokens(
                self._oauth().exchange_code(code=code, redirect_uri=redirect_uri, verifier=verifier)
            )

    def is_enough(self, scope: str, *, purpose: Purpose) -> bool:
        # Kick's docs let it leave the scope out. Then the first call shows a missing one.
        return not scope or set(SCOPES[purpose].split()) <= set(scope.split())

    def current_user(self, access_token: str) -> PlatformUser:
        with platform_errors():
            user = self._api().current_user(access_token)
        return PlatformUser(user_id=user.user_id, name=user.name)

    def find_user(self, name: str) -> PlatformUser | None:
        with platform_errors():
            user = self._api().find_user(name)
        return PlatformUser(user_id=user.user_id, name=user.name) if user else None

    def name_of(self, user_id: str) -> str:
        with platform_errors():
            return next((user.name for user in self._api().users([user_id])), "")

    def is_active(self, access_token: str) -> bool:
        with platform_errors():
            return self._oauth().introspect(access_token, seconds=CHECK_SECONDS).active

    def refresh(self, refresh_token: str) -> PlatformTokens:
        with platform_errors():
            return _tokens(self._oauth().refresh(refresh_token))

    def revoke(self, refresh_token: str) -> None:
        try:
            with platform_errors():
                self._oauth().revoke(token=refresh_token, hint="refresh_token")
        except PlatformRefused as error:
            if error.code not in UNKNOWN_TOKEN:
                raise

    def check_credentials(self) -> None:
        with platform_errors():
            self._oauth().client_credentials()


def _redirect_uri(app: KickApp, purpose: Purpose) -> str:
    return app.channel_redirect_uri if purpose == Purpose.CHANNEL else app.redirect_uri


def _tokens(tokens: Tokens) -> PlatformTokens:
    return PlatformTokens(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        scope=tokens.scope,
        expires_in=tokens.expires_in,
    )
