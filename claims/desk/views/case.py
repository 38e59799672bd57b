"""The case page of a player, or of an account without a player."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import PlatformAccount, Player
from accounts.platform_login import platform_label
from claims.desk.case.page import CasePage, case_of_account, case_of_player
from claims.desk.search import case_url
from claims.desk.views.decorators import LOOK, show, staff_page
from claims.desk.views.forms import NoteForm


@require_safe
@staff_page(*LOOK)
def player_case(request: HttpRequest, *, player_id: int) -> HttpResponse:
    player = get_object_or_404(Player, pk=player_id)
    page = case_of_player(player, claim_id=request.GET.get("claim", ""), now=timezone.now())
    return _show(request, page, title=str(player))


@require_safe
@staff_page(*LOOK)
def account_case(request: HttpRequest, *, account_id: str) -> HttpResponse:
    account = get_object_or_404(PlatformAccount.objects.select_related("player"), pk=account_id)
    claim_id = request.GET.get("claim", "")
    if account.player:
        return redirect(case_url(player=account.player, account=None, claim_id=claim_id))
    page = case_of_account(account, claim_id=claim_id, now=timezone.now())
    names = {"name": account, "platform": platform_label(account.platform)}
    return _show(request, page, title=_("%(name)s on %(platform)s") % names)


def _show(request: HttpRequest, page: CasePage, *, title: str) -> HttpResponse:
    return show(request, "case.html", title=title, page=page, case=page.case, note=NoteForm())
