"""Every error as problem details (RFC 9457), with one sentence that says how to mend it."""

import http
import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

MEDIA_TYPE = "application/problem+json"

# Status -> the fragment of its description on the docs page, and its title.
KINDS = {
    400: ("invalid-request", _("The request is not valid")),
    401: ("not-authenticated", _("An API key is needed")),
    403: ("forbidden", _("This key may not do that")),
    404: ("not-found", _("There is nothing at this address")),
    405: ("method-not-allowed", _("This address does not take this method")),
    406: ("not-acceptable", _("Answers are JSON")),
    413: ("too-large", _("The body is too large")),
    415: ("unsupported-media-type", _("Bodies are JSON")),
    429: ("throttled", _("Too many requests")),
    500: ("server-error", _("Something went wrong here")),
    503: ("unavailable", _("The database cannot be reached")),
}

logger = logging.getLogger(__name__)


class PayloadTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class ServerError(exceptions.APIException):
    default_detail = _("The fault is logged. Repeat the request; a repeat does no harm.")


class DatabaseUnavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("Repeat the request in a few seconds; a repeat does no harm.")
    wait = 2


def problem_details(error: Exception, context: dict[str, Any]) -> Response:
    """REST framework's exception handler: what was raised, as an answer."""
    set_rollback()
    known = _as_api_exception(error)
    return Response(
        _problem(known, context.get("request")),
        status=known.status_code,
        headers=_headers(known),
        content_type=MEDIA_TYPE,
    )


def _as_api_exception(error: Exception) -> exceptions.APIException:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    logger.error("api_error", exc_info=error)
    if isinstance(error, OperationalError | InterfaceError):
        return DatabaseUnavailable()
    return ServerError()


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {
        "WWW-Authenticate": getattr(error, "auth_header", None),
        "Retry-After": getattr(error, "wait", None),
    }
    return {name: str(value) for name, value in headers.items() if value is not None}


def _problem(error: exceptions.APIException, request: Request | None) -> dict[str, Any]:
    fragment, title = KINDS.get(error.status_code, ("error", http.HTTPStatus(error.status_code)))
    problem = {
        "type": f"{reverse('api:docs')}#{fragment}",
        "title": str(title),
        "status": error.status_code,
        "detail": str(error.detail),
    }
    if isinstance(error, exceptions.ValidationError):
        is_query = request is not None and request.method in ("GET", "HEAD")
        problem["errors"] = [
            {"detail": message, **_place(path, is_query=is_query)}
            for path, message in _flatten(error.detail)
        ]
        problem["detail"] = gettext("See “errors” for what is wrong, each with its place.")
    return problem


def _flatten(detail: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each message of REST framework's nested lists and dicts of them, with the way to it."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _flatten(inner, path if key == "non_field_errors" else (*path, str(key)))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flatten(inner, path)
    else:
        yield path, str(detail)


def _place(path: tuple[str, ...], *, is_query: bool) -> dict[str, str]:
    """Where in the query (its parameter) or in the body (a JSON pointer)."""
    if is_query:
        return {"parameter": path[0]} if path else {}
    return {"pointer": "#" + "".join(f"/{step}" for step in path)}
