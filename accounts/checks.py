"""What `manage.py check`, and with it every start, says of this app's settings."""

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
        hint = "GAME_LOGIN is the dotted path of a class; docs/developers/game-login.md shows one."
        message = f"GAME_LOGIN={settings.GAME_LOGIN!r} does not work: {error}"
        return [Error(message, hint=hint, id="accounts.E001")]
    return []
