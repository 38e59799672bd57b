"""The lists of the machinery, for owners."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from claims.desk.menu import INTERNALS, visible
from claims.desk.views.decorators import show, staff_page


@require_safe
@staff_page("core.view_lease")
def internals(request: HttpRequest) -> HttpResponse:
    entries = visible(INTERNALS, request)
    return show(request, "internals.html", title=_("Internals"), entries=entries)
