"""The interface between this product and the game's login.

For a custom login, write a class like GameLogin and set `GAME_LOGIN` to its path. See
docs/developers/game-login.md for an example.
"""

from dataclasses import dataclass
from typing import Protocol

from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class GameAccount:
    """The account that logged in. `game_account_id`: 1 to 128 characters, opaque, never changes."""

    game_account_id: str
    name: str


class GameLoginFailed(Exception):
    """The login failed.

    `sentence` is shown to the player, in their language: what happened and what to do next.
    `status` is the HTTP status of that page.
    """

    def __init__(self, sentence: str, *, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


class GameLogin(Protocol):
    """Logs a player in to their game account. Created without arguments, once per process."""

    def start(self, request: HttpRequest, *, return_to: str) -> HttpResponse:
        """Return a page or redirect that leads to the absolute URL `return_to`.

        Raises GameLoginFailed. Use the session to store values that `finish` must check.
        """

    def finish(self, request: HttpRequest) -> GameAccount:
        """Handle the request to `return_to`, a GET or POST. Raises GameLoginFailed."""
