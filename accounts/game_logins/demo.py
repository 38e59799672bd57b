"""A login for development and demos: pick a name to log in as that account."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.game_logins.base import GameAccount, GameLoginFailed
from accounts.models import GAME_ACCOUNT_ID_MAX_LENGTH

READY_NAMES = ("Nova", "Kestrel", "Juniper", "Old Mags")


def refuse_outside_debug() -> None:
    if not settings.DEBUG:
        raise ImproperlyConfigured(
            "The demo login lets anyone in, so it only works with DEBUG on."
            " Set GAME_LOGIN to your game's login, or set DEBUG=1 on a developer's machine."
        )


class DemoLogin:
    """Uses the name, exactly as typed, as the game account id."""

    def __init__(self) -> None:
        refuse_outside_debug()

    def start(self, request: HttpRequest, *, return_to: str) -> HttpResponse:
        refuse_outside_debug()
        return render(
            request,
            "link/demo_login.html",
            {
                "names": READY_NAMES,
                # Only the path: a development machine has several host names, and the form must be
                # sent to the one it came from.
                "return_to": urlsplit(return_to).path,
                "max_length": GAME_ACCOUNT_ID_MAX_LENGTH,
            },
        )

    def finish(self, request: HttpRequest) -> GameAccount:
        refuse_outside_debug()
        name = request.POST.get("name", "").strip()
        if not name:
            raise GameLoginFailed(_("No name was chosen. Choose one or type your own."))
        return GameAccount(game_account_id=name, name=name)
