"""Error pages. None of them needs the database.

Django passes `exception` and `reason` by name. Players never see either.
"""

import re
import sys

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.debug import SafeExceptionReporterFilter

from core.database_errors import is_read_only, is_unavailable
from studio_drops.context import deployment


class HideAddresses(SafeExceptionReporterFilter):
    """Hides also addresses on debug pages: those of the database and broker have passwords."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|URL|DATABASES", re.IGNORECASE
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(request, 403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while it handles the exception."""
    error = sys.exc_info()[1]
    if error is None or not is_unavailable(error):
        return _page(request, 500)
    if is_read_only(error) and not connection.in_atomic_block:
        connection.close()  # a standby: another server may have replaced it
    page = _page(request, 503)
    page.headers["Retry-After"] = "2"
    return page


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """The form came from an outdated page, or the browser blocks cookies."""
    return _page(request, 403, template="errors/csrf.html")


def _page(request: HttpRequest, status: int, *, template: str = "") -> HttpResponse:
    # Without the request: with it, context processors would read the session from the database.
    page = render_to_string(template or f"errors/{status}.html", dict(deployment(request)))
    return HttpResponse(page, status=status)
