"""Which player a browser is logged in as. Players are no Django users; staff are another matter."""

from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from accounts.models import Player

PLAYER_KEY = "player_id"
NEWS_KEY = "link_news"
# What belongs to one player's visit, and goes when another one comes.
VISIT_KEYS = (PLAYER_KEY, NEWS_KEY)


def log_in_player(request: HttpRequest, player: Player) -> None:
    """Begin this player's visit under a new session key; the old one is worth nothing then."""
    _end_visit(request)
    request.session.cycle_key()
    request.session[PLAYER_KEY] = player.pk
    rotate_token(request)


def log_out_player(request: HttpRequest) -> None:
    """End the visit. A member of staff stays logged in to the admin in the same browser."""
    _end_visit(request)
    request.session.cycle_key()
    rotate_token(request)


def current_player(request: HttpRequest) -> Player | None:
    player_id = request.session.get(PLAYER_KEY)
    return Player.objects.filter(pk=player_id).first() if player_id is not None else None


def session_key(request: HttpRequest) -> str:
    """The key of a session that somebody logged in to, which therefore has one."""
    return request.session.session_key or ""


def _end_visit(request: HttpRequest) -> None:
    for key in VISIT_KEYS:
        request.session.pop(key, None)


def leave_news(request: HttpRequest, news: str) -> None:
    """What the hub is to say once, after a redirect."""
    request.session[NEWS_KEY] = news


def take_news(request: HttpRequest) -> str:
    return str(request.session.pop(NEWS_KEY, ""))
