"""Log in to the game account and out of it: the first step of linking."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.game_logins import GameLoginFailed, get_game_login
from accounts.pages.failures import show_failure
from accounts.pages.outside_calls import calls_outside
from accounts.pages.sessions import (
    begin_login,
    current_player,
    log_in_player,
    log_out_player,
)
from accounts.players import BadGameAccountId, record_login


@require_safe
@never_cache
@calls_outside
def login(request: HttpRequest) -> HttpResponse:
    return_to = settings.PUBLIC_URL + reverse("link:login_callback")
    begin_login(request)
    try:
        return get_game_login().start(request, return_to=return_to)
    except GameLoginFailed as failure:
        return _show_login_failure(request, failure)


@require_http_methods(["GET", "POST"])
@never_cache
@calls_outside
def login_callback(request: HttpRequest) -> HttpResponse:
    try:
        account = get_game_login().finish(request)
        player = record_login(
            game_account_id=account.game_account_id, name=account.name, now=timezone.now()
        )
    except GameLoginFailed as failure:
        return _show_login_failure(request, failure)
    except BadGameAccountId:
        text = _(
            "The game’s login sent an account ID that can’t be used here. Please contact support."
        )
        return _show_login_failure(request, GameLoginFailed(text))
    log_in_player(request, player)
    return redirect("link:hub")


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    log_out_player(request)
    return redirect("link:hub")


def _show_login_failure(request: HttpRequest, failure: GameLoginFailed) -> HttpResponse:
    return show_failure(
        request,
        "link/login_failed.html",
        status=failure.status,
        player=current_player(request),
        step=1,
        sentence=failure.sentence,
    )
