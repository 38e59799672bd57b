"""System checks of this app's settings. They run at every start and in `manage.py check`."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from accounts.game_logins import get_game_login


@register()
def check_game_login(**_options: Any) -> list[CheckMessage]:
    try:
        get_game_login()
    except (ImportError, ImproperlyConfigured) as error:
        hint = (
            "Set GAME_LOGIN to the dotted path of a login class. See docs/developers/game-login.md."
        )
        message = f"GAME_LOGIN={settings.GAME_LOGIN!r} can't be used: {error}"
        return [Error(message, hint=hint, id="accounts.E001")]
    return []
