"""The seam between this product and the game's own login.

A studio with a login of its own writes one class like these and names it in `GAME_LOGIN`;
docs/developers/game-login.md has an example.
"""

from dataclasses import dataclass
from typing import Protocol

from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class GameAccount:
    """Who logged in. `game_account_id` is opaque text of 1 to 128 characters that never changes."""

    game_account_id: str
    name: str


class GameLoginFailed(Exception):
    """The login did not end with an account.

    `sentence` is for the player and in their language: what happened and what they can do. `status`
    is the HTTP status of the page that shows it.
    """

    def __init__(self, sentence: str, *, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


class GameLogin(Protocol):
    """How a player proves which game account is theirs. Made without arguments, once a process."""

    def start(self, request: HttpRequest, *, return_to: str) -> HttpResponse:
        """Answer with a page or a redirect that ends at the absolute URL `return_to`.

        Raises GameLoginFailed. The session is there to remember what `finish` must check.
        """

    def finish(self, request: HttpRequest) -> GameAccount:
        """Read the request that came to `return_to`, a GET or a POST. Raises GameLoginFailed."""
