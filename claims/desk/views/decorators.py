"""The decorator of every desk page: staff only, with the permissions that the page names."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

LOOK = ("accounts.view_player", "claims.view_claim")

View = Callable[..., HttpResponseBase]


def staff_page(*permissions: str) -> Callable[[View], View]:
    """Redirect anonymous users to the login; answer 403 to staff without the permissions."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def run(request: HttpRequest, **parts: Any) -> HttpResponseBase:
            user: Any = request.user
            if not user.has_perms(permissions):
                raise PermissionDenied
            return view(request, **parts)

        guarded: View = admin.site.admin_view(run)
        return guarded

    return decorate


def show(request: HttpRequest, template: str, *, title: str, **context: Any) -> HttpResponse:
    """Render a desk template within the admin's layout."""
    whole = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"admin/desk/{template}", whole)


def name_of(request: HttpRequest) -> str:
    """The user name that the audit log and the link history record."""
    user: Any = request.user
    return str(user.get_username())
