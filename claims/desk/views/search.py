"""The search box. A single result redirects to its page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.platform_login import all_logins
from claims.desk import actions
from claims.desk import search as finding
from claims.desk.search import LONGEST_NAME, case_url, meanings
from claims.desk.views.decorators import LOOK, show, staff_page
from core.platform_errors import PlatformError


@require_safe
@staff_page(*LOOK)
def find(request: HttpRequest) -> HttpResponse:
    """`/admin/find?q=…`: a stable address for helpdesk tools and bookmarks."""
    term = request.GET.get("q", "")
    return redirect(f"{reverse('desk:search')}?{urlencode({'find': term})}")


@require_safe
@staff_page(*LOOK)
def search(request: HttpRequest) -> HttpResponse:
    term = request.GET.get("find", "").strip()
    hits = finding.find(term)
    if len(hits) == 1:
        return redirect(hits[0].url)
    context = {"term": term, "hits": hits, "name": "" if hits else _name_in(term)}
    return show(request, "search.html", title=_("Search"), platforms=_platforms(), **context)


@require_POST
@staff_page(*LOOK, "claims.refetch")
def find_account(request: HttpRequest) -> HttpResponse:
    """Ask the platforms for an account by its name."""
    name = request.POST.get("name", "")[:LONGEST_NAME]
    names = {"name": name, "platforms": _platforms()}
    try:
        account = actions.find_account(name, now=timezone.now()) if name else None
    except PlatformError as error:
        said = _("%(platforms)s couldn't be asked: %(error)s Try again later.")
        messages.error(request, said % {**names, "error": error})
    else:
        if account is not None:
            return redirect(case_url(player=account.player, account=account))
        messages.warning(request, _("%(platforms)s has no account named “%(name)s”.") % names)
    return redirect(f"{reverse('desk:search')}?{urlencode({'find': name})}")


def _name_in(term: str) -> str:
    """The part of a pasted term that may be an account's name, or ""."""
    names = [one for one in meanings(term) if len(one) <= LONGEST_NAME and " " not in one]
    return next((one for one in names if one.replace("_", "").replace("-", "").isalnum()), "")


def _platforms() -> str:
    return get_text_list([str(login.label) for login in all_logins()], _("or"))
