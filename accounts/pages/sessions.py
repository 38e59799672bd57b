"""The player a browser is logged in as. Separate from Django users, which are staff."""

from datetime import timedelta

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from accounts.models import PlatformAccount, Player

PLAYER_KEY = "player_id"
NEWS_KEY = "link_news"
END_KEY = "link_end"
# The link ticket whose page was opened. Until it's confirmed, it has no effect.
OFFERED_TICKET_KEY = "offered_ticket"
# The link ticket that the player is logged in with. They may link, but not unlink.
TICKET_KEY = "link_ticket"
# Removed from the session at every login and logout of a player.
VISIT_KEYS = (PLAYER_KEY, NEWS_KEY, END_KEY, OFFERED_TICKET_KEY, TICKET_KEY)
PLAYERS_STAY_FOR = timedelta(days=14)
TICKETS_STAY_FOR = timedelta(hours=1)
LOGIN_LASTS = timedelta(minutes=10)


def log_in_player(request: HttpRequest, player: Player, *, ticket_id: str = "") -> None:
    """Log the player in under a new session key. The old key becomes invalid.

    With a link ticket instead of a game login, the session is short.
    """
    _end_visit(request)
    request.session.cycle_key()
    request.session[PLAYER_KEY] = player.pk
    if ticket_id:
        request.session[TICKET_KEY] = ticket_id
    if not _is_staff(request):  # a staff session ends after SESSION_COOKIE_AGE
        lasts = TICKETS_STAY_FOR if ticket_id else PLAYERS_STAY_FOR
        request.session.set_expiry(int(lasts.total_seconds()))
    rotate_token(request)


def begin_login(request: HttpRequest) -> None:
    """Let a session that only holds the state of a login expire soon."""
    if PLAYER_KEY not in request.session and not _is_staff(request):
        request.session.set_expiry(int(LOGIN_LASTS.total_seconds()))


def _is_staff(request: HttpRequest) -> bool:
    return SESSION_KEY in request.session


def log_out_player(request: HttpRequest) -> None:
    """Log the player out. A staff member stays logged in to the admin in the same browser."""
    _end_visit(request)
    request.session.cycle_key()
    rotate_token(request)


def current_player(request: HttpRequest) -> Player | None:
    player_id = request.session.get(PLAYER_KEY)
    return Player.objects.filter(pk=player_id).first() if player_id is not None else None


def ticket_of(request: HttpRequest) -> str | None:
    """The link ticket that the player is logged in with. None for a game login."""
    return request.session.get(TICKET_KEY)


def session_key(request: HttpRequest) -> str:
    """The session key. A logged-in session always has one."""
    return request.session.session_key or ""


def _end_visit(request: HttpRequest) -> None:
    for key in VISIT_KEYS:
        request.session.pop(key, None)


def leave_news(request: HttpRequest, news: str) -> None:
    """Store a message that the hub shows once, after a redirect."""
    request.session[NEWS_KEY] = news


def take_news(request: HttpRequest) -> str:
    return str(request.session.pop(NEWS_KEY, ""))


def leave_end(request: HttpRequest, name: str, refused_account: PlatformAccount | None) -> None:
    """Store how a link attempt failed. Without a login, nothing is stored: no session is made."""
    if PLAYER_KEY in request.session:
        request.session[END_KEY] = [name, refused_account.pk if refused_account else None]


def last_end(request: HttpRequest) -> tuple[str, PlatformAccount | None]:
    """How the last link attempt failed ("" if it didn't), and the account it was refused for."""
    name, account_id = request.session.get(END_KEY, ("", None))
    return name, PlatformAccount.objects.filter(pk=account_id).first() if account_id else None


def forget_end(request: HttpRequest) -> None:
    request.session.pop(END_KEY, None)
