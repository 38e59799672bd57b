"""A player with a browser, who can log in to the game and go to the local Kick and back."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.test import Client

from accounts.models import Player
from tests.local_kick_process import LocalKick


@dataclass
class Visitor:
    client: Client
    kick: LocalKick
    confirms: bool = True

    def log_in(self, name: str) -> Any:
        return self.client.post("/link/login/callback", {"name": name})

    @property
    def player(self) -> Player:
        return Player.objects.get(pk=self.client.session["player_id"])

    def leave_for_kick(self) -> dict[str, str]:
        """Press the button; returns the query of the address that it leads to."""
        response = self.client.post("/link/kick")
        assert response.status_code == 302
        return query_of(response["Location"])

    def say_yes(self, query: dict[str, str], *, user_id: int) -> str:
        """Consent at Kick; returns the address that Kick sends the browser to."""
        return self.kick.authorize(
            client_id=query["client_id"],
            user_id=user_id,
            redirect_uri=query["redirect_uri"],
            state=query["state"],
            code_challenge=query["code_challenge"],
            scope=query["scope"],
        )

    def come_back(self, address: str) -> Any:
        parts = urlsplit(address)
        return self._show(self.client.get(f"{parts.path}?{parts.query}"))

    def come_back_with(self, **query: str) -> Any:
        return self._show(self.client.get(urlsplit(settings.KICK_REDIRECT_URI).path, query))

    def _show(self, response: Any) -> Any:
        """Confirm the link, if it's asked about. Returns the page on which a failed attempt ends.

        A link leads to the hub.
        """
        if response.get("Location") == "/link/kick/confirm" and self.confirms:
            response = self.client.post("/link/kick/confirm", {"answer": "yes"})
        is_end = response.get("Location") == "/link/kick/ended"
        return self.client.get(response["Location"]) if is_end else response

    def link(self, kick_name: str) -> Any:
        """The whole trip, as the viewer of that name."""
        user_id = self.kick.make_viewer(kick_name)
        return self.come_back(self.say_yes(self.leave_for_kick(), user_id=user_id))

    def hub(self) -> str:
        return str(self.client.get("/link/").content.decode())


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
