"""The hub: the player's start page."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.connection_checks import (
    CHECKED_EVERY,
    CHECKED_ON_ARRIVAL,
    Connection,
    check_connection,
)
from accounts.models import PlatformAccount
from accounts.pages.campaigns import list_offered_campaigns
from accounts.pages.drops import list_player_drops
from accounts.pages.outside_calls import calls_outside
from accounts.pages.sessions import current_player, leave_news, take_news
from accounts.platform_login import PlatformLogin, get_login
from claims.outages import outages
from claims.player_sync import last_sync, sync_player
from core.slots import OUTSIDE_CALLS, Busy

KICK = "kick"
SYNCED = "synced"
# While the connection is being checked, the page loads again.
SECONDS_TO_WAIT = 3
OTHER_SITES = ("cross-site", "same-site")


@require_safe
@never_cache
def hub(request: HttpRequest) -> HttpResponse:
    player = current_player(request)
    if player is None:
        return render(request, "link/welcome.html", {"step": 1})
    account = PlatformAccount.objects.filter(player=player, platform=KICK).first()
    news = take_news(request)
    now = timezone.now()
    context = {
        "player": player,
        "drops": list_player_drops(player),
        "news": news,
    }
    if account is None:
        return render(request, "link/connect.html", {**context, "step": 2})
    login = get_login(KICK)
    has_arrived = not news and _has_arrived(login, request)
    max_age = CHECKED_ON_ARRIVAL if has_arrived else CHECKED_EVERY
    try:
        with OUTSIDE_CALLS.taken():
            connection = check_connection(login=login, account=account, max_age=max_age, now=now)
    except Busy:
        connection = Connection.UNKNOWN
    context |= {
        "step": 3,
        "account": account,
        "connection": connection,
        "has_arrived": has_arrived,
        "campaigns": list_offered_campaigns(now=now),
        "is_kick_down": KICK in outages([KICK]),
        "sync": last_sync(player=player, now=now) if news == SYNCED else None,
    }
    response = render(request, "link/linked.html", context)
    if connection == Connection.CHECKING:
        response.headers["Refresh"] = str(SECONDS_TO_WAIT)
    return response


@require_safe
@never_cache
def drops(request: HttpRequest) -> HttpResponse:
    """The list of drops, for the page that shows new ones without a reload. 204 if logged out."""
    player = current_player(request)
    if player is None:
        return HttpResponse(status=204)
    account = PlatformAccount.objects.filter(player=player, platform=KICK).first()
    context = {"drops": list_player_drops(player), "account": account}
    return render(request, "link/drops.html", context)


@require_POST
@calls_outside
def sync(request: HttpRequest) -> HttpResponse:
    """“Check for missing drops”. The hub then says what was found."""
    player = current_player(request)
    if player is not None:
        sync_player(player=player, clock=timezone.now)
        leave_news(request, SYNCED)
    return redirect("link:hub")


def _has_arrived(login: PlatformLogin, request: HttpRequest) -> bool:
    """Whether the player comes from another site, which is usually the platform.

    Browsers say so in Sec-Fetch-Site, even if the other site sends no Referer.
    """
    parts = urlsplit(request.headers.get("Referer", ""))
    is_from_platform = f"{parts.scheme}://{parts.netloc}" in login.origins()
    return is_from_platform or request.headers.get("Sec-Fetch-Site") in OTHER_SITES
