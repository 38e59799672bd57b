"""The platform's categories that match a name, for the campaign form."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from claims.desk.views.decorators import staff_page
from claims.source import get_source, search_categories
from core.platform_errors import PlatformError
from core.request_budget import Priority, request_priority
from core.slots import OUTSIDE_CALLS, Busy

SHOWN_AT_MOST = 20
SHORTEST = 2


@require_safe
@never_cache
@staff_page("claims.add_campaign")
def categories(request: HttpRequest) -> JsonResponse:
    """Names, best first. None if the platform can't be asked: then staff type the name."""
    name, source = request.GET.get("name", "").strip(), request.GET.get("source", "")
    found: list[str] = []
    if len(name) >= SHORTEST:
        try:
            with OUTSIDE_CALLS.taken(), request_priority(Priority.PLAYER):
                found = search_categories(get_source(source).platform, name)
        except (KeyError, PlatformError, Busy):
            found = []
    return JsonResponse({"categories": found[:SHOWN_AT_MOST]})
