"""A player's browser: cookies, forms, and the trip to Kick and back, over real HTTP."""

from urllib.parse import parse_qsl, urlsplit

import requests

from local.demo.environment import Environment
from tests.local_kick_process import ControlError, LocalKick

PATIENCE_SECONDS = 15.0
CSRF_COOKIE = "studio_drops_csrf"
CONFIRM = "/link/kick/confirm"
ASKED = ("client_id", "redirect_uri", "state", "code_challenge", "scope")


class TripFailed(Exception):
    """Something on the way was down. The player tries again, later."""


class Browser:
    """One player's. Every method may raise TripFailed."""

    def __init__(self, place: Environment, kick: LocalKick, *, game_account_id: str) -> None:
        self.game_account_id = game_account_id
        self._place = place
        self._kick = kick
        self._session = requests.Session()
        self._is_logged_in = False

    def leave_for_kick(self, *, user_id: int) -> str:
        """Press the button and consent as that viewer; returns the way back."""
        self._log_in()
        return self._consent(self._post("/link/kick"), user_id=user_id)

    def come_back(self, address: str) -> bool:
        """Whether the trip ended in a link."""
        answer = self._send("GET", address, allow_redirects=False)
        if answer.headers.get("Location") == CONFIRM:
            answer = self._post(CONFIRM, answer="yes")
        return answer.status_code == 302

    def unlink(self) -> None:
        self._log_in()
        self._post("/link/unlink")

    def relink(self, *, user_id: int) -> str:
        """Unlink and go on to Kick at once; returns the way back."""
        self._log_in()
        return self._consent(self._post("/link/unlink", then="connect"), user_id=user_id)

    def _log_in(self) -> None:
        if self._is_logged_in:
            return
        self._get("/link/login")
        self._post("/link/login/callback", name=self.game_account_id)
        self._is_logged_in = True

    def _consent(self, to_kick: requests.Response, *, user_id: int) -> str:
        query = dict(parse_qsl(urlsplit(to_kick.headers.get("Location", "")).query))
        if not query.keys() >= set(ASKED):
            raise TripFailed("The player was not sent to Kick.")
        try:
            return self._kick.authorize(user_id=user_id, **{name: query[name] for name in ASKED})
        except ControlError as refused:
            raise TripFailed(str(refused)) from refused

    def _get(self, path: str) -> requests.Response:
        return self._send("GET", f"{self._place.web_url}{path}")

    def _post(self, path: str, **fields: str) -> requests.Response:
        token = self._session.cookies.get(CSRF_COOKIE) or ""
        answer = self._send(
            "POST",
            f"{self._place.web_url}{path}",
            data=fields,
            headers={"X-CSRFToken": token},
            allow_redirects=False,
        )
        if answer.status_code != 302:
            raise TripFailed(f"{path} answered {answer.status_code}.")
        return answer

    def _send(self, method: str, url: str, **request: object) -> requests.Response:
        try:
            answer = self._session.request(method, url, timeout=PATIENCE_SECONDS, **request)
        except requests.RequestException as error:
            raise TripFailed(type(error).__name__) from error
        if answer.status_code >= 500:
            raise TripFailed(f"{method} was answered with {answer.status_code}.")
        return answer
