"""OAuth for viewers: an app asks for access, the viewer allows it, and can disconnect later."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db import transaction

from .faults import current_plan
from .models import App, AuthorizationCode, Grant, Token, Viewer
from .refusals import Refused
from .registry import digest

CODE_LIFETIME = timedelta(minutes=5)
SCOPES = {
    "user:read": "See your name, user id and profile picture",
    "channel:read": "See your channel's description and category",
    "channel:write": "Change your channel's stream title and category",
    "channel:rewards:read": "See your channel's rewards",
    "channel:rewards:write": "Change your channel's rewards",
    "chat:write": "Write chat messages as you",
    "streamkey:read": "See your stream's URL and key",
    "events:subscribe": "Receive events of your channel",
    "moderation:ban": "Ban people from your channel",
    "moderation:chat_message:manage": "Delete messages in your channel's chat",
    "kicks:read": "See your channel's KICKs leaderboard",
}
# 32 bytes of SHA-256 in unpadded base64url (RFC 7636, 4.2).
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class BadRequest(Refused):
    """Kick answers this authorize request with 400 `Invalid request`. The message says why."""


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    app: App
    redirect_uri: str
    state: str
    code_challenge: str
    scope: str

    @property
    def scope_sentences(self) -> list[str]:
        return [SCOPES[name] for name in self.scope.split()]

    def answer(self, **parameters: str) -> str:
        """Return the URL that redirects back to the app."""
        glue = "&" if "?" in self.redirect_uri else "?"
        return self.redirect_uri + glue + urlencode({**parameters, "state": self.state})


def read_authorize_request(query: Mapping[str, str]) -> AuthorizeRequest:
    """Check the parameters as strictly as Kick does. Raises BadRequest."""
    if query.get("response_type") != "code":
        raise BadRequest("response_type must be code")
    if query.get("code_challenge_method") != "S256":
        raise BadRequest("code_challenge_method must be S256: PKCE is mandatory")
    client_id = query.get("client_id", "")
    app = App.objects.filter(client_id=client_id).select_related("organization").first()
    if app is None:
        raise BadRequest(f"client_id {client_id!r} is unknown: register it with PUT /local/apps")
    request = AuthorizeRequest(
        app=app,
        redirect_uri=query.get("redirect_uri", ""),
        state=query.get("state", ""),
        code_challenge=query.get("code_challenge", ""),
        scope=query.get("scope", ""),
    )
    if request.redirect_uri not in request.app.redirect_uris:
        raise BadRequest(
            f"redirect_uri {request.redirect_uri!r} isn't registered for this app; like Kick's "
            "front end, this one replaces the first 127.0.0.1 in the URL with localhost"
        )
    if not request.state:
        raise BadRequest("state is missing")
    if not _CHALLENGE.fullmatch(request.code_challenge):
        raise BadRequest("code_challenge must be 43 characters of base64url")
    names = request.scope.split()
    if not names or not set(names) <= SCOPES.keys():
        raise BadRequest(f"scope {request.scope!r} must name some of: {' '.join(SCOPES)}")
    return request


@transaction.atomic
def allow(*, request: AuthorizeRequest, viewer: Viewer, now: datetime) -> str:
    """Connect the app, as the viewer consents. Returns the URL to send the browser to."""
    if current_plan().consent == "replaces":
        earlier = Token.objects.filter(grant__viewer=viewer, app=request.app, revoked_at=None)
        earlier.update(revoked_at=now)
    grant, _ = Grant.objects.update_or_create(
        viewer=viewer,
        app=request.app,
        defaults={"scope": request.scope, "granted_at": now, "revoked_at": None},
    )
    code = secrets.token_urlsafe(36)
    AuthorizationCode.objects.create(
        digest=digest(code),
        grant=grant,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        scope=request.scope,
        expires_at=now + CODE_LIFETIME,
    )
    return request.answer(code=code)


def decline(*, request: AuthorizeRequest) -> str:
    """Return the URL for a viewer who declines (RFC 6749, section 4.1.2.1)."""
    return request.answer(error="access_denied")


@transaction.atomic
def end_grant(*, grant: Grant, now: datetime) -> None:
    """Disconnect the app: revoke its tokens and unused codes for this viewer.

    A repeat changes nothing.
    """
    Grant.objects.filter(pk=grant.pk, revoked_at=None).update(revoked_at=now)
    Token.objects.filter(grant=grant, revoked_at=None).update(revoked_at=now)
    AuthorizationCode.objects.filter(grant=grant, used_at=None).update(used_at=now)
