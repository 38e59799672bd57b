"""Players, as the game's own login makes them known."""

from datetime import datetime

from accounts.models import GAME_ACCOUNT_ID_MAX_LENGTH, Player
from core.text import displayable, is_storable


class BadGameAccountId(ValueError):
    """The game's login gave an account id that cannot be one. It is never cut to fit."""


def check_game_account_id(game_account_id: str) -> None:
    """Raise BadGameAccountId unless it is text of 1 to 128 characters that can be stored."""
    length = len(game_account_id)
    if not 1 <= length <= GAME_ACCOUNT_ID_MAX_LENGTH:
        raise BadGameAccountId(
            f"A game account id has 1 to {GAME_ACCOUNT_ID_MAX_LENGTH} characters, not {length}."
        )
    if not is_storable(game_account_id):
        raise BadGameAccountId("A game account id holds no NUL and no lone surrogate.")


def record_login(*, game_account_id: str, name: str, now: datetime) -> Player:
    """The player of a game account, made at the first login. Raises BadGameAccountId."""
    check_game_account_id(game_account_id)
    seen = {"name": displayable(name), "last_login_at": now}
    player, _ = Player.objects.update_or_create(
        game_account_id=game_account_id,
        defaults=seen,
        create_defaults={**seen, "created_at": now},
    )
    return player
