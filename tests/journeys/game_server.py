"""The demo's game server, as a test sets it."""

from typing import Any

import requests


def set_mode(facts: dict[str, Any], mode: str) -> None:
    """How it treats webhooks from now on: see `local.game_server.server.MODES`."""
    url = f"{facts['game_server']['url']}/mode"
    answer = requests.post(url, data={"mode": mode}, allow_redirects=False, timeout=10)
    assert answer.status_code == 303
