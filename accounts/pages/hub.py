"""The hub: where a player begins, and comes back to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Authorization, KickUser, Player
from accounts.pages.drops import list_player_drops
from accounts.pages.sessions import current_player, take_news


@require_safe
@never_cache
def hub(request: HttpRequest) -> HttpResponse:
    player = current_player(request)
    if player is None:
        return render(request, "link/welcome.html", {"step": 1})
    kick_user = KickUser.objects.filter(player=player).first()
    context = {"player": player, "drops": list_player_drops(player), "news": take_news(request)}
    if kick_user is None:
        return render(request, "link/connect.html", {**context, "step": 2})
    is_disconnected = Authorization.objects.filter(
        kick_user=kick_user, disconnected_at__isnull=False
    ).exists()
    context |= {"step": 3, "kick_user": kick_user, "is_disconnected": is_disconnected}
    return render(request, "link/linked.html", context)


def show_failure(
    request: HttpRequest, template: str, *, status: int, player: Player | None, **context: object
) -> HttpResponse:
    """A page for an end that is not the happy one.

    The address that it is shown at may hold a code and a state: they stay out of the Referer.
    """
    context = {"step": 2 if player else 1, "player": player, **context}
    response = render(request, template, context, status=status)
    # Not "no-referrer": with that, a browser sends no Origin either, and the forms' POST fails.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
