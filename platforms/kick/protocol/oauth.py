"""Kick's OAuth 2.1 server (id.kick.com): authorize, token, revoke, introspect.

Source: https://docs.kick.com/getting-started/generating-tokens-oauth2-flow
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode, urlsplit

import requests

from platforms.kick.protocol.answers import Answer
from platforms.kick.protocol.errors import KickMalformed
from platforms.kick.protocol.http import CONNECT_SECONDS, PLAYERS_TIMEOUT, READ_SECONDS, call

TokenHint = Literal["access_token", "refresh_token"]
Default = TypeVar("Default", int, None)

# RFC 6749 makes `expires_in` optional. If Kick's is missing or unreadable, ask again in an hour.
ASSUMED_LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class Tokens:
    """A response of the token endpoint. `expires_in` is in seconds, ASSUMED_LIFETIME if unknown.

    `refresh_token` is "" for an app access token.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    scope: str
    token_type: str


@dataclass(frozen=True, slots=True)
class Introspection:
    """Kick's information about a token. `expires_at` is a Unix timestamp."""

    active: bool
    client_id: str
    token_type: str
    scope: str
    expires_at: int | None


def new_verifier() -> str:
    """Return a new PKCE code verifier (RFC 7636): 86 characters, 512 random bits."""
    return secrets.token_urlsafe(64)


def challenge_of(verifier: str) -> str:
    """Return the S256 code challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorize_url(
    *, id_url: str, client_id: str, redirect_uri: str, scope: str, state: str, challenge: str
) -> str:
    """Return the URL where Kick asks the player for consent.

    A known bug of Kick: its front end replaces the first 127.0.0.1 in this URL with localhost. If
    the redirect URI is on 127.0.0.1, an unused parameter comes first, so that Kick changes that one
    instead.
    """
    on_loopback = urlsplit(redirect_uri).hostname == "127.0.0.1"
    query = {
        "response_type": "code",
        "client_id": client_id,
        **({"redirect": "127.0.0.1"} if on_loopback else {}),
        "redirect_uri": redirect_uri,
        "scope": scope,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "state": state,
    }
    return f"{id_url.rstrip('/')}/oauth/authorize?{urlencode(query)}"


class OAuthClient:
    """Client for Kick's OAuth server.

    Every method raises KickUnavailable, KickUnauthorized (401: wrong app credentials or token),
    KickRejected (with `error` "invalid_grant" if the code or refresh token is used or revoked) and
    KickMalformed.
    """

    def __init__(
        self, *, id_url: str, client_id: str, client_secret: str, http: requests.Session
    ) -> None:
        self._url = f"{id_url.rstrip('/')}/oauth"
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._http = http

    def exchange_code(self, *, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """Exchange the code from the callback for tokens. A code works once, so never retried.

        Gives up soon, because a player waits for it.
        """
        tokens = self._ask_for_tokens(
            timeout=PLAYERS_TIMEOUT,
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=verifier,
        )
        if not tokens.refresh_token:
            raise KickMalformed("Kick's response to the code has no refresh token.")
        return tokens

    def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token for new tokens, including the next refresh token to store.

        Never retried. If the response has no new refresh token, the old one stays valid (RFC 6749,
        section 6).
        """
        return self._ask_for_tokens(
            kept_refresh_token=refresh_token,
            grant_type="refresh_token",
            refresh_token=refresh_token,
        )

    def client_credentials(self) -> Tokens:
        """Return a new app access token."""
        return self._ask_for_tokens(grant_type="client_credentials")

    def revoke(self, *, token: str, hint: TokenHint) -> None:
        """Revoke a token. A refresh token ends the whole grant. Kick answers 200 for any token."""
        query = {"token": token, "token_hint_type": hint}
        call(self._http, "POST", f"{self._url}/revoke", params=query)

    def introspect(self, access_token: str, *, seconds: float = READ_SECONDS) -> Introspection:
        """Return Kick's information about a token. It doesn't include the owner.

        `seconds` limits each of connecting, the first byte and the body.
        """
        answer = call(
            self._http,
            "POST",
            f"{self._url}/token/introspect",
            headers={"Authorization": f"Bearer {access_token}"},
            timeout=(min(seconds, CONNECT_SECONDS), seconds),
            answer_seconds=seconds,
        )
        return _read_introspection(answer)

    def _ask_for_tokens(
        self,
        *,
        kept_refresh_token: str = "",
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
        **form: str,
    ) -> Tokens:
        answer = call(
            self._http,
            "POST",
            f"{self._url}/token",
            data={**form, **self._credentials},
            timeout=timeout,
        ).json()
        return Tokens(
            access_token=_token(answer.get("access_token")),
            refresh_token=_token(answer.get("refresh_token") or kept_refresh_token, optional=True),
            expires_in=_seconds(answer.get("expires_in"), default=ASSUMED_LIFETIME),
            scope=_text(answer.get("scope")),
            token_type=_text(answer.get("token_type")),
        )


def _read_introspection(answer: Answer) -> Introspection:
    data = answer.json().get("data")
    if not isinstance(data, dict) or not isinstance(data.get("active"), bool):
        raise KickMalformed('Kick\'s introspection response has no "data" object with "active".')
    return Introspection(
        active=data["active"],
        client_id=_text(data.get("client_id")),
        token_type=_text(data.get("token_type")),
        scope=_text(data.get("scope")),
        expires_at=_seconds(data.get("exp"), default=None),
    )


def _token(value: Any, *, optional: bool = False) -> str:
    """Tokens are printable ASCII (RFC 6749, appendix A). Others could inject header lines."""
    if optional and value == "":
        return ""
    if type(value) is not str or not value or not (value.isascii() and value.isprintable()):
        raise KickMalformed("Kick's response has no valid token.")
    return value


def _seconds(value: Any, *, default: Default) -> int | Default:
    """Accept a number or its text: Kick's docs show `expires_in` as a string.

    Never raises: a token must not be lost because its lifetime can't be read.
    """
    if type(value) not in (int, float, str):
        return default
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return default
    return int(seconds) if 0 <= seconds < 10**15 else default


def _text(value: Any) -> str:
    return value if type(value) is str else ""
