"""Creating and updating players from the game's login."""

from datetime import datetime

from accounts.models import GAME_ACCOUNT_ID_MAX_LENGTH, Player
from core.text import displayable, is_storable


class BadGameAccountId(ValueError):
    """The game's login sent an invalid account id. We never shorten an id to make it fit."""


def check_game_account_id(game_account_id: str) -> None:
    """Raise BadGameAccountId unless it's storable text of 1 to 128 characters."""
    length = len(game_account_id)
    if not 1 <= length <= GAME_ACCOUNT_ID_MAX_LENGTH:
        raise BadGameAccountId(
            f"A game account id has 1 to {GAME_ACCOUNT_ID_MAX_LENGTH} characters, not {length}."
        )
    if not is_storable(game_account_id):
        raise BadGameAccountId("A game account id can't contain NUL or lone surrogates.")


def remember_player(*, game_account_id: str, name: str, now: datetime) -> Player:
    """Return the game account's player. Creates it, or changes its name if one is given.

    Unlike `record_login`, it isn't a login. Raises BadGameAccountId.
    """
    check_game_account_id(game_account_id)
    name = displayable(name)
    player, is_new = Player.objects.get_or_create(
        game_account_id=game_account_id,
        defaults={"name": name, "created_at": now, "last_login_at": now},
    )
    if name and player.name != name and not is_new:
        player.name = name
        player.save(update_fields=["name"])
    return player


def record_login(*, game_account_id: str, name: str, now: datetime) -> Player:
    """Return the game account's player, created at the first login and updated at later ones.

    Raises BadGameAccountId.
    """
    check_game_account_id(game_account_id)
    seen = {"name": displayable(name), "last_login_at": now}
    player, _ = Player.objects.update_or_create(
        game_account_id=game_account_id,
        defaults=seen,
        create_defaults={**seen, "created_at": now},
    )
    return player
