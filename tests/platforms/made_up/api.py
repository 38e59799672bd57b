"""The made-up platform itself, in memory."""

import hashlib
import hmac
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from core.platform_errors import PlatformRefused, PlatformUnavailable

SECRET = b"shared with the made-up platform"


@dataclass
class Api:
    # What a viewer has won, by its id.
    wins: dict[str, dict[str, Any]] = field(default_factory=dict)
    viewers_by_token: dict[str, str] = field(default_factory=dict)
    is_down: bool = False
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def win(self, viewer: str, *, reward: str = "cape", season: str = "autumn") -> dict[str, Any]:
        """A viewer wins a reward. The platform lists it; `deliver` would announce it."""
        number = str(next(self._numbers))
        self.wins[number] = {
            "id": number,
            "viewer": viewer,
            "reward": reward,
            "season": season,
            "sku": f"sku-{reward}",
            "is_delivered": False,
        }
        return self.wins[number]

    def list(self, **wanted: Any) -> list[dict[str, Any]]:
        self.answer()
        wins = self.wins.values()
        return [win for win in wins if all(win[key] == value for key, value in wanted.items())]

    def note_delivery(self, number: str) -> None:
        self.answer()
        if number not in self.wins:
            raise PlatformRefused("The made-up platform doesn't know this win.", status=404)
        self.wins[number]["is_delivered"] = True

    def allow(self, viewer: str) -> str:
        """A viewer allows us to link. Returns the refresh token."""
        token = f"token-{next(self._numbers)}-{viewer}"
        self.viewers_by_token[token] = viewer
        return token

    def answer(self) -> None:
        if self.is_down:
            raise PlatformUnavailable("The made-up platform is down.")


api = Api()


def reset() -> Api:
    api.__init__()  # type: ignore[misc]
    return api


def body_of(*wins: dict[str, Any]) -> bytes:
    return json.dumps({"wins": wins}).encode()


def sign(body: bytes) -> str:
    return hmac.new(SECRET, body, hashlib.sha256).hexdigest()
