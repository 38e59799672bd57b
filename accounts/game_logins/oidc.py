"""OpenID Connect: any issuer that supports discovery, configured by `OIDC_*` alone."""

import logging
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from joserfc.errors import JoseError

from accounts.game_logins import oidc_failures as failures
from accounts.game_logins.base import GameAccount, GameLoginFailed
from core.logs import log_event
from core.text import displayable

logger = logging.getLogger(__name__)
# Authlib logs the PKCE verifier when it is asked for DEBUG.
logging.getLogger("authlib").setLevel(logging.INFO)

TIMEOUT_SECONDS = 10
CLOCK_SKEW_SECONDS = 60
# Signatures by a key that only the issuer has. Never "none", and never HMAC, whose key could be
# taken for the text of a public one.
SIGNATURE_ALGORITHMS = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
)

# The last four are what Authlib lets through of a discovery document, a key set or an answer that
# has something missing or is of another shape.
FORESEEN = (
    AuthlibBaseError,
    JoseError,
    requests.RequestException,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)


class OidcLogin:
    """The authorization code flow with PKCE and nonce, through Authlib."""

    def __init__(self) -> None:
        if not settings.OIDC_ISSUER or not settings.OIDC_CLIENT_ID:
            raise ImproperlyConfigured(
                "GAME_LOGIN is the OIDC login: set OIDC_ISSUER and OIDC_CLIENT_ID."
            )
        if "openid" not in settings.OIDC_SCOPE.split():
            raise ImproperlyConfigured("OIDC_SCOPE must contain openid, or there is no ID token.")
        self._client = _new_client()

    def start(self, request: HttpRequest, *, return_to: str) -> HttpResponse:
        try:
            self._load_metadata()
            response: HttpResponse = self._client.authorize_redirect(request, return_to)
        except FORESEEN as error:
            raise self._failure(error) from error
        return response

    def finish(self, request: HttpRequest) -> GameAccount:
        try:
            metadata = self._load_metadata()
            token = self._client.authorize_access_token(
                request,
                leeway=CLOCK_SKEW_SECONDS,
                claims_options=_required_claims(metadata["issuer"]),
            )
        except FORESEEN as error:
            raise self._failure(error) from error
        return _read_account(token.get("userinfo"))

    def _load_metadata(self) -> dict[str, Any]:
        """The issuer's own description, narrowed to what is safe. Raises ValueError."""
        metadata: dict[str, Any] = self._client.load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER:
            self._client = _new_client()
            raise ValueError("the discovery document is not that of OIDC_ISSUER")
        algorithms = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        # Empty would mean "any" to Authlib.
        metadata["id_token_signing_alg_values_supported"] = sorted(
            SIGNATURE_ALGORITHMS.intersection(algorithms)
        ) or ["RS256"]
        return metadata

    def _failure(self, error: Exception) -> GameLoginFailed:
        """What to tell the player; the log has the rest."""
        if isinstance(error, JoseError):
            # The issuer may have changed its keys: begin the next login from its new ones.
            self._client = _new_client()
        log_event(
            logger,
            "game_login_failed",
            logging.WARNING,
            error=type(error).__name__,
            # Of the issuer's choosing, or of whoever typed an address.
            code=displayable(str(getattr(error, "error", ""))),
        )
        return _describe(error)


def _describe(error: Exception) -> GameLoginFailed:
    if isinstance(error, MismatchingStateError):
        return failures.expired()
    if isinstance(error, AuthlibBaseError):
        return failures.declined() if error.error == "access_denied" else failures.refused()
    # Those that are a ValueError too come of what the issuer said, not of the way to it.
    if isinstance(error, requests.RequestException) and not isinstance(error, ValueError):
        return failures.unreachable()
    return failures.unverified()


def _new_client() -> DjangoOAuth2App:
    return OAuth().register(
        "game_login",
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        server_metadata_url=f"{settings.OIDC_ISSUER}/.well-known/openid-configuration",
        client_kwargs={
            "scope": settings.OIDC_SCOPE,
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_SECONDS,
        },
    )


def _required_claims(issuer: str) -> dict[str, dict[str, object]]:
    """Authlib by itself checks the audience only by way of `azp`, which an issuer may add."""
    return {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": settings.OIDC_CLIENT_ID},
        "exp": {"essential": True},
        "nonce": {"essential": True},
    }


def _read_account(claims: dict[str, Any] | None) -> GameAccount:
    if claims is None:
        raise failures.unverified()
    account_id, name = claims.get(settings.OIDC_ACCOUNT_CLAIM), claims.get(settings.OIDC_NAME_CLAIM)
    # A bool is an int to Python, and an account to nobody.
    if type(account_id) not in (str, int) or account_id == "":
        raise failures.no_account()
    return GameAccount(game_account_id=str(account_id), name=name if isinstance(name, str) else "")
