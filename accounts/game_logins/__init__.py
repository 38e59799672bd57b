"""The game login class configured by `GAME_LOGIN`."""

from functools import cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.game_logins.base import GameAccount, GameLogin, GameLoginFailed

__all__ = ["GameAccount", "GameLogin", "GameLoginFailed", "get_game_login"]


@cache
def get_game_login() -> GameLogin:
    """The game login of this process. Raises ImportError if `GAME_LOGIN` can't be imported."""
    return cast("GameLogin", import_string(settings.GAME_LOGIN)())
