"""The local Kick's control API (docs/developers/local-kick.md), as far as the demo needs it."""

from collections.abc import Mapping
from typing import Any

import requests


class ControlRefused(Exception):
    """The local Kick refused the call. The message says why."""


class LocalKickControl:
    """Calls raise ControlRefused, or a requests exception if the local Kick doesn't answer."""

    def __init__(self, url: str, *, session: requests.Session) -> None:
        self.url = url
        self.session = session

    def put(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        return self._call("PUT", path, body)

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        return self._call("POST", path, body)

    def get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path, None)

    def _call(self, method: str, path: str, body: Mapping[str, object] | None) -> dict[str, Any]:
        response = self.session.request(method, f"{self.url}/local/{path}", json=body, timeout=15)
        answer: dict[str, Any] = response.json()
        if not response.ok:
            raise ControlRefused(answer.get("error", f"{response.status_code} without a reason"))
        return answer
