"""The search box. A single result redirects to its page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from claims.desk.search import find
from claims.desk.views.decorators import LOOK, show, staff_page


@require_safe
@staff_page(*LOOK)
def search(request: HttpRequest) -> HttpResponse:
    term = request.GET.get("find", "").strip()
    hits = find(term)
    if len(hits) == 1:
        return redirect(hits[0].url)
    return show(request, "search.html", title=_("Search"), term=term, hits=hits)
