"""Access tokens in the Authorization header."""

from django.http import HttpRequest

from .. import clock
from ..models import Token
from ..refusals import Refused
from ..tokens import find_access_token


class Unauthorized(Refused):
    status = 401


class Forbidden(Refused):
    status = 403


def read_bearer(request: HttpRequest) -> str:
    """Return the text of the bearer token without checking it. Raises Unauthorized."""
    scheme, _, access_token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not access_token:
        raise Unauthorized("send an access token as Authorization: Bearer ...")
    return access_token.strip()


def read_token(request: HttpRequest) -> Token:
    """Return the valid access token in the Authorization header. Raises Unauthorized."""
    token = find_access_token(read_bearer(request), now=clock.now())
    if token is None:
        raise Unauthorized("the access token is unknown, expired or revoked: request a new one")
    return token


def read_organization_id(request: HttpRequest) -> int:
    """Return the organization of the app access token's app.

    Raises Unauthorized or Forbidden.
    """
    token = read_token(request)
    if token.grant_id is not None:
        raise Unauthorized("a user access token can't read claims: use an app access token")
    if token.app.organization_id is None:
        raise Forbidden(f"the app {token.app_id} has no organization, so it has no claims")
    return token.app.organization_id


def read_viewer_id(request: HttpRequest, *, scope: str) -> str:
    """Return the user id of the token's owner. Raises Unauthorized or Forbidden."""
    token = read_token(request)
    if token.grant is None:
        raise Unauthorized("an app access token has no owner: use a user access token or pass id")
    if scope not in token.scope.split():
        raise Forbidden(f"the token lacks the scope {scope}: request it at /oauth/authorize")
    return token.grant.viewer_id
