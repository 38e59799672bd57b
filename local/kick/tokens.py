"""OAuth for an app's server: exchanging codes and refresh tokens for access tokens.

Functions raise TokenError with the error codes of RFC 6749, section 5.2.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction

from .grants import end_grant
from .models import App, AuthorizationCode, Grant, Token
from .refusals import Refused
from .registry import digest

ACCESS_LIFETIME = timedelta(hours=2)
APP_TOKEN_LIFETIME = timedelta(days=60)


class TokenError(Refused):
    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error


@dataclass(frozen=True, slots=True)
class Issued:
    """New tokens. An app access token has neither a refresh token nor a scope."""

    access_token: str
    expires_in: int
    refresh_token: str = ""
    scope: str = ""


def authenticate_app(*, client_id: str, client_secret: str) -> App:
    app = App.objects.filter(client_id=client_id).first()
    if app is None or not hmac.compare_digest(app.secret_digest, digest(client_secret)):
        raise TokenError("invalid_client", "client_id or client_secret is wrong")
    return app


def exchange_code(
    *, app: App, code: str, redirect_uri: str, code_verifier: str, now: datetime
) -> Issued:
    """Exchange a code for tokens.

    A code that is used twice may have leaked, so its tokens are revoked (RFC 6749, section 4.1.2).
    """
    with transaction.atomic():
        codes = AuthorizationCode.objects.select_related("grant")
        found = codes.filter(digest=digest(code), grant__app=app).first()
        if found is None:
            raise TokenError("invalid_grant", "the code is unknown or belongs to another app")
        if found.used_at is None:
            _check_code(found, redirect_uri=redirect_uri, code_verifier=code_verifier, now=now)
            found.used_at = now
            found.save(update_fields=["used_at"])
            return _issue(grant=found.grant, scope=found.scope, code=found, now=now)
        found.tokens.filter(revoked_at=None).update(revoked_at=now)
    raise TokenError("invalid_grant", "the code was used before: start at /oauth/authorize again")


def _check_code(
    code: AuthorizationCode, *, redirect_uri: str, code_verifier: str, now: datetime
) -> None:
    if now >= code.expires_at:
        raise TokenError("invalid_grant", "the code has expired: it's valid for five minutes")
    if redirect_uri != code.redirect_uri:
        raise TokenError("invalid_grant", "redirect_uri differs from that in the authorize URL")
    hashed = base64.urlsafe_b64encode(sha256(code_verifier.encode()).digest())
    if not hmac.compare_digest(hashed.rstrip(b"=").decode(), code.code_challenge):
        raise TokenError("invalid_grant", "code_verifier doesn't match the code_challenge")


@transaction.atomic
def refresh(*, app: App, refresh_token: str, is_strict: bool = True, now: datetime) -> Issued:
    """Rotate the tokens. If `is_strict`, the old one is invalid even if the response gets lost."""
    found = Token.objects.select_related("grant", "code").filter(
        digest=digest(refresh_token), kind=Token.Kind.REFRESH, app=app
    )
    token = found.first()
    if token is None or token.grant is None:
        raise TokenError("invalid_grant", "the refresh token is unknown or belongs to another app")
    if token.revoked_at:
        raise TokenError("invalid_grant", "the refresh token has been used or revoked")
    if is_strict:
        found.update(revoked_at=now)
    return _issue(grant=token.grant, scope=token.scope, code=token.code, now=now)


def _issue(*, grant: Grant, scope: str, code: AuthorizationCode | None, now: datetime) -> Issued:
    access, renewal = secrets.token_urlsafe(36), secrets.token_urlsafe(36)
    shared = {"app_id": grant.app_id, "grant": grant, "code": code, "scope": scope}
    Token.objects.create(
        digest=digest(access), kind=Token.Kind.ACCESS, expires_at=now + ACCESS_LIFETIME, **shared
    )
    Token.objects.create(digest=digest(renewal), kind=Token.Kind.REFRESH, **shared)
    lifetime = int(ACCESS_LIFETIME.total_seconds())
    return Issued(access, lifetime, refresh_token=renewal, scope=scope)


def issue_app_token(*, app: App, now: datetime) -> Issued:
    access = secrets.token_urlsafe(36)
    Token.objects.create(
        digest=digest(access),
        kind=Token.Kind.ACCESS,
        app=app,
        expires_at=now + APP_TOKEN_LIFETIME,
    )
    return Issued(access, int(APP_TOKEN_LIFETIME.total_seconds()))


def revoke(*, token: str, now: datetime) -> None:
    """Revoke a token. A refresh token ends the whole grant (RFC 7009, section 2.1).

    An unknown token isn't an error.
    """
    found = Token.objects.select_related("grant").filter(digest=digest(token), revoked_at=None)
    known = found.first()
    if known is None:
        return
    if known.kind == Token.Kind.REFRESH and known.grant:
        end_grant(grant=known.grant, now=now)
    else:
        found.update(revoked_at=now)


def find_access_token(access_token: str, *, now: datetime) -> Token | None:
    """Return the valid token with its app and grant, or None."""
    live = Token.objects.filter(revoked_at=None, expires_at__gt=now, kind=Token.Kind.ACCESS)
    return live.select_related("app", "grant__viewer").filter(digest=digest(access_token)).first()
