"""The hub: the player's start page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Authorization, PlatformAccount, Player
from accounts.pages.drops import list_player_drops
from accounts.pages.sessions import current_player, take_news


@require_safe
@never_cache
def hub(request: HttpRequest) -> HttpResponse:
    player = current_player(request)
    if player is None:
        return render(request, "link/welcome.html", {"step": 1})
    account = PlatformAccount.objects.filter(player=player, platform="kick").first()
    context = {"player": player, "drops": list_player_drops(player), "news": take_news(request)}
    if account is None:
        return render(request, "link/connect.html", {**context, "step": 2})
    is_disconnected = Authorization.objects.filter(
        account=account, disconnected_at__isnull=False
    ).exists()
    context |= {"step": 3, "account": account, "is_disconnected": is_disconnected}
    return render(request, "link/linked.html", context)


def show_failure(
    request: HttpRequest, template: str, *, status: int, player: Player | None, **context: object
) -> HttpResponse:
    """Render the page for a failed login or link.

    Its URL may contain an OAuth code and state, which must not leak through the Referer.
    """
    context = {"step": 2 if player else 1, "player": player, **context}
    response = render(request, template, context, status=status)
    # Not "no-referrer": browsers then send no Origin either, and the forms' POST fails.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
