"""Authentication of game servers, by `Authorization: Bearer sd_…`."""

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from claims.api.rate_limit import take_request
from claims.api.usage import count_request
from claims.api_keys import find_api_key, touch_api_key
from claims.models import ApiKey
from core.client_address import client_address, is_in_networks

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema
    from rest_framework.views import APIView  # it imports this module itself


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.auth` to the key. There's no `request.user`: a game server isn't a user."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        scheme, _space, secret = get_authorization_header(request).strip().partition(b" ")
        if not scheme:
            return None
        if scheme.lower() != b"bearer":
            raise AuthenticationFailed(
                _("Unsupported scheme. Send the key as “Authorization: Bearer sd_…”.")
            )
        now = timezone.now()
        api_key = find_api_key(secret.strip().decode("latin-1"), now=now)
        if api_key is None:
            raise AuthenticationFailed(
                _("Unknown or revoked API key. Staff can create a new one in the admin.")
            )
        address = client_address(request._request)
        if api_key.networks and not is_in_networks(address, api_key.networks):
            said = _("This API key can't be used from %(address)s.")
            raise PermissionDenied(said % {"address": address})
        take_request(api_key, now=now)
        touch_api_key(api_key=api_key, now=now)
        count_request(api_key, now=now)
        return None, api_key

    def authenticate_header(self, _request: Request) -> str:
        return 'Bearer realm="studio-drops"'


class HasApiKey(BasePermission):
    message = _(
        "API key missing. Send it as “Authorization: Bearer sd_…”. Staff create keys in the admin."
    )

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        scope: str | None = getattr(view, "scope", None)
        if scope is not None and scope not in request.auth.scopes:
            said = _("This API key can't do this. It needs the scope “%(scope)s”.")
            raise PermissionDenied(said % {"scope": scope})
        return True


def categories_of(request: Request) -> list[str]:
    """The categories that the request's key is limited to. Empty: no limit."""
    api_key = request.auth
    if not isinstance(api_key, ApiKey):
        raise TypeError("No API key on this request. Add HasApiKey to the view.")
    categories: list[str] = api_key.categories
    return categories


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, _auto_schema: "AutoSchema") -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": str(
                _("An API key, such as `sd_…`. Staff create it in the admin, which shows it once.")
            ),
        }
