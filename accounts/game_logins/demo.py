"""A login for development and demonstrations: whoever picks a name is that account."""

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
            "The demo login admits anybody, so it works only with DEBUG on."
            " Set GAME_LOGIN to your game's login, or DEBUG=1 on a developer's machine."
        )


class DemoLogin:
    """The name is the game account id, exactly as it was typed."""

    def __init__(self) -> None:
        refuse_outside_debug()

    def start(self, request: HttpRequest, *, return_to: str) -> HttpResponse:
        refuse_outside_debug()
        return render(
            request,
            "link/demo_login.html",
            {
                "names": READY_NAMES,
                # Its path alone: this machine has several names, and a form must stay on its own.
                "return_to": urlsplit(return_to).path,
                "max_length": GAME_ACCOUNT_ID_MAX_LENGTH,
            },
        )

    def finish(self, request: HttpRequest) -> GameAccount:
        refuse_outside_debug()
        name = request.POST.get("name", "").strip()
        if not name:
            raise GameLoginFailed(_("No name was picked. Pick one, or type one of your own."))
        return GameAccount(game_account_id=name, name=name)
