"""OpenID Connect login for any issuer with discovery. Configured only by `OIDC_*` settings."""

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
# At DEBUG level, Authlib logs the PKCE verifier.
logging.getLogger("authlib").setLevel(logging.INFO)

# A player waits, and one of the few threads with them.
TIMEOUT_SECONDS = 4
CLOCK_SKEW_SECONDS = 60
# Only signatures made with a private key of the issuer. Never "none", and never HMAC: an attacker
# could sign with the text of the public key as the HMAC key.
SIGNATURE_ALGORITHMS = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
)

# Authlib raises the last four for a discovery document, key set or response with missing or
# malformed parts.
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
                "The OIDC login needs OIDC_ISSUER and OIDC_CLIENT_ID. Set both."
            )
        if "openid" not in settings.OIDC_SCOPE.split():
            raise ImproperlyConfigured(
                "OIDC_SCOPE must contain openid; otherwise the issuer sends no ID token."
            )
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
                claims_options={
                    "iss": {"essential": True, "value": metadata["issuer"]},
                    # Authlib only checks the audience through the optional `azp`.
                    "aud": {"essential": True, "value": settings.OIDC_CLIENT_ID},
                    "exp": {"essential": True},
                    "nonce": {"essential": True},
                },
            )
        except FORESEEN as error:
            raise self._failure(error) from error
        claims: dict[str, Any] | None = token.get("userinfo")
        if claims is None:
            raise failures.unverified()
        account_id = claims.get(settings.OIDC_ACCOUNT_CLAIM)
        name = claims.get(settings.OIDC_NAME_CLAIM)
        # Compare types exactly: isinstance(True, int) holds, and a bool isn't an account id.
        if type(account_id) not in (str, int) or account_id == "":
            raise failures.no_account()
        return GameAccount(
            game_account_id=str(account_id), name=name if isinstance(name, str) else ""
        )

    def _load_metadata(self) -> dict[str, Any]:
        """The issuer's metadata, limited to safe signature algorithms. Raises ValueError."""
        metadata: dict[str, Any] = self._client.load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER:
            self._client = _new_client()
            raise ValueError("the discovery document names a different issuer than OIDC_ISSUER")
        algorithms = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        # To Authlib, an empty list means "any".
        metadata["id_token_signing_alg_values_supported"] = sorted(
            SIGNATURE_ALGORITHMS.intersection(algorithms)
        ) or ["RS256"]
        return metadata

    def _failure(self, error: Exception) -> GameLoginFailed:
        """The message for the player. Details go to the log only."""
        if isinstance(error, JoseError):
            # The issuer may have rotated its keys: fetch them again for the next login.
            self._client = _new_client()
        log_event(
            logger,
            "game_login_failed",
            logging.WARNING,
            error=type(error).__name__,
            # Untrusted: set by the issuer, or by anyone who edits the URL.
            code=displayable(str(getattr(error, "error", ""))),
        )
        if isinstance(error, MismatchingStateError):
            return failures.expired()
        if isinstance(error, AuthlibBaseError):
            return failures.declined() if error.error == "access_denied" else failures.refused()
        # A RequestException that is also a ValueError is about the response, not the connection.
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
