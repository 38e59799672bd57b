"""The pages of last resort. None of them needs the database.

Django passes `exception` and `reason` by name; neither is for the player's eyes.
"""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from studio_drops.context import deployment


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(request, 403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return _page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form that was sent from a page that is too old, or with cookies turned off."""
    return _page(request, 403, template="errors/csrf.html")


def _page(request: HttpRequest, status: int, *, template: str = "") -> HttpResponse:
    # Without the request: the context processors that it brings read the session.
    page = render_to_string(template or f"errors/{status}.html", dict(deployment(request)))
    return HttpResponse(page, status=status)
