"""Security headers and injected API faults."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from .faults import strike
from .models import ReceivedRequest
from .wire.endpoint import block, refuse

WIRE_PATHS = ("/public/", "/oauth/token", "/oauth/revoke")
GetResponse = Callable[[HttpRequest], HttpResponseBase]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'{form_action}; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def security_headers(get_response: GetResponse) -> GetResponse:
    """Add a strict Content-Security-Policy to every response.

    A view may set `request.form_origin`. Chromium applies form-action to the redirect after a POST,
    so the consent page must allow the origin of the redirect.
    """

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        origin = getattr(request, "form_origin", "")
        policy = _POLICY.format(form_action=f" {origin}" if origin else "")
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Frame-Options"] = "DENY"
        if isinstance(response, HttpResponse) and response.status_code != 204:
            response.headers["Content-Length"] = str(len(response.content))
        return response

    return respond


def api_faults(get_response: GetResponse) -> GetResponse:
    """Inject faults into Kick's endpoints. Pages and the control API are never affected."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(WIRE_PATHS):
            return get_response(request)
        at = timezone.now()
        response = respond_with_faults(request)
        ReceivedRequest.objects.create(
            at=at,
            method=request.method or "",
            path=request.path,
            grant_type=request.POST.get("grant_type", ""),
            status=response.status_code,
        )
        return response

    def respond_with_faults(request: HttpRequest) -> HttpResponseBase:
        rule = strike(request.method or "", request.path)
        if rule is None:
            return get_response(request)
        if rule.slow_seconds:
            time.sleep(rule.slow_seconds)
        if rule.block:
            response: HttpResponseBase = block(rule.block)
        elif rule.status is None:
            response = get_response(request)
        else:
            reason = "a fault set with PUT /local/faults"
            response = refuse(request.path, rule.status, reason, error=rule.error)
        if rule.retry_after is not None:
            response.headers["Retry-After"] = f"{rule.retry_after:g}"
        if rule.truncate and isinstance(response, HttpResponse):
            response.content = response.content[: len(response.content) // 2]
        return response

    return respond
