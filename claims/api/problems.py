"""Errors as problem details (RFC 9457). `detail` says how to fix the request."""

import http
import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.database_errors import is_read_only, is_unavailable

MEDIA_TYPE = "application/problem+json"

# Status -> (anchor on the docs page, title).
KINDS = {
    400: ("invalid-request", _("Invalid request")),
    401: ("not-authenticated", _("API key missing or invalid")),
    403: ("forbidden", _("Not allowed for this API key")),
    404: ("not-found", _("Not found")),
    405: ("method-not-allowed", _("Method not allowed")),
    406: ("not-acceptable", _("Responses are JSON only")),
    409: ("conflict", _("Not possible in this state")),
    413: ("too-large", _("Request body too large")),
    415: ("unsupported-media-type", _("Request bodies must be JSON")),
    429: ("throttled", _("Too many requests")),
    500: ("server-error", _("Internal error")),
    503: ("unavailable", _("The database can't be reached")),
}

logger = logging.getLogger(__name__)


class PayloadTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class ServerError(exceptions.APIException):
    default_detail = _("An unexpected error was logged. Retry the request: repeating it is safe.")


class DatabaseUnavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("Retry the request in a few seconds: repeating it is safe.")
    wait = 2


def problem_details(error: Exception, context: dict[str, Any]) -> Response:
    """The exception handler of REST framework."""
    set_rollback()
    known = _as_api_exception(error)
    headers = {
        "WWW-Authenticate": getattr(known, "auth_header", None),
        "Retry-After": getattr(known, "wait", None),
    }
    return Response(
        _problem(known, context.get("request")),
        status=known.status_code,
        headers={name: str(value) for name, value in headers.items() if value is not None},
        content_type=MEDIA_TYPE,
    )


def _as_api_exception(error: Exception) -> exceptions.APIException:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, SuspiciousOperation):  # for example, too many parameters
        return exceptions.ParseError()
    logger.error("api_error", exc_info=error)
    if is_unavailable(error):
        if is_read_only(error):  # a standby: another server may have replaced it
            connection.close()
        return DatabaseUnavailable()
    return ServerError()


def _problem(error: exceptions.APIException, request: Request | None) -> dict[str, Any]:
    fragment, title = KINDS.get(error.status_code, ("error", http.HTTPStatus(error.status_code)))
    problem: dict[str, Any] = {
        "type": f"{reverse('api:docs')}#{fragment}",
        "title": str(title),
        "status": error.status_code,
        "detail": str(error.detail),
    }
    if isinstance(error, exceptions.ValidationError):
        is_query = request is not None and request.method in ("GET", "HEAD")
        problem["errors"] = errors = []
        for path, message in _flatten(error.detail):
            # The query parameter, or a JSON pointer into the body.
            if not is_query:
                place = {"pointer": "#" + "".join(f"/{step}" for step in path)}
            else:
                place = {"parameter": path[0]} if path else {}
            errors.append({"detail": message, **place})
        problem["detail"] = gettext("See “errors” for each fault and where it is.")
    return problem


def _flatten(detail: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each message in REST framework's nested lists and dicts, with its path."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _flatten(inner, path if key == "non_field_errors" else (*path, str(key)))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flatten(inner, path)
    else:
        yield path, str(detail)
