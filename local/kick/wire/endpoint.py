"""The base of all Kick endpoints: dispatch by method, and Kick's response formats.

The body of an error is exactly Kick's. The reason and the fix are in our Local-Kick-Reason header.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from ..refusals import Refused

View = Callable[[HttpRequest], HttpResponse]

REASON_HEADER = "Local-Kick-Reason"
MESSAGES = {
    400: "Invalid request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    429: "Too many requests",
    500: "Internal server error",
    502: "Bad gateway",
    503: "Service unavailable",
}


def endpoint(**views: View) -> View:
    """Return a view that dispatches by method. Refused becomes an error in Kick's format."""

    @csrf_exempt
    @wraps(next(iter(views.values())))
    def dispatch(request: HttpRequest) -> HttpResponse:
        view = views.get(request.method or "")
        if view is None:
            return refuse(request.path, 405, f"{request.path} supports only {' and '.join(views)}")
        try:
            return view(request)
        except Refused as refusal:
            return refuse(request.path, refusal.status, str(refusal))

    return dispatch


def ok(data: Any) -> JsonResponse:
    return JsonResponse({"data": data, "message": "OK"})


def refuse_authorize(reason: str) -> HttpResponse:
    """Kick redirects to a page that doesn't exist, so that the player never comes back."""
    response = HttpResponse(status=307, headers={"Location": "/404"})
    response.headers[REASON_HEADER] = _one_line(reason)
    return response


def refuse_token(error: str, reason: str) -> HttpResponse:
    """RFC 6749, section 5.2."""
    status = 401 if error == "invalid_client" else 400
    body = {"error": error, "error_description": reason}
    response = _refuse(body, status=status, reason=reason)
    response.headers["Cache-Control"] = "no-store"
    return response


def refuse(path: str, status: int, reason: str, *, error: str = "") -> HttpResponse:
    """Kick's drops API uses another error format than all other endpoints.

    `error` replaces the usual text, for example by `invalid_grant`.
    """
    message = error or MESSAGES[status]
    if path.startswith("/public/v1/drops/"):
        return _refuse({"data": None, "message": message}, status=status, reason=reason)
    return _refuse({"error": message, "message": reason}, status=status, reason=reason)


def block(form: str) -> HttpResponse:
    """How Kick's protection (Cloudflare) refuses a request: as `json` or as an `html` page."""
    if form == "html":
        return HttpResponse("<!DOCTYPE html><title>Attention Required!</title>", status=403)
    body = {"error": "Request blocked by security policy.", "reference": "9e4db7e3"}
    return JsonResponse(body, status=403)


def _refuse(body: dict[str, Any], *, status: int, reason: str) -> HttpResponse:
    return JsonResponse(body, status=status, headers={REASON_HEADER: _one_line(reason)})


def _one_line(reason: str) -> str:
    """Header values must be Latin-1 on one line, and reasons may quote the request."""
    text = reason.encode("ascii", "backslashreplace").decode()
    return text.replace("\r", " ").replace("\n", " ")
