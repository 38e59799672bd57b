"""Start the local Kick as its own process, and steer it through its control API."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.postgres import die_with_parent

READY = "Local Kick is ready at "


class ControlError(AssertionError):
    """The control API refused; the message is its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status


@dataclass
class LocalKick:
    """A running local Kick: `url` is id.kick.com and api.kick.com in one."""

    url: str
    process: "subprocess.Popen[str]"

    def stop(self) -> int:
        """End it with TERM; returns its exit status."""
        self.process.terminate()
        status = self.process.wait(timeout=15)
        if self.process.stdout:
            self.process.stdout.close()
        return status

    def call(self, method: str, path: str, body: Any = None) -> Any:
        response = requests.request(method, f"{self.url}/local/{path}", json=body, timeout=120)
        answer = response.json()
        if not response.ok:
            raise ControlError(response.status_code, answer["error"])
        return answer

    def register_app(
        self,
        *,
        client_id: str = "app",
        client_secret: str = "app-secret",
        name: str = "Skyfall Online",
        organization: str | None = "Skyfall Studio",
        redirect_uris: Sequence[str] = ("http://localhost:8000/link/kick/callback",),
        connect_url: str = "",
        webhook_url: str = "",
        events_url: str = "",
    ) -> dict[str, Any]:
        body = {
            "client_id": client_id,
            "client_secret": client_secret,
            "name": name,
            "organization": organization,
            "redirect_uris": list(redirect_uris),
            "connect_url": connect_url,
            "webhook_url": webhook_url,
            "events_url": events_url,
        }
        return self.call("PUT", "apps", body)

    def make_viewer(
        self, name: str, *, user_id: int | None = None, member_of: str | None = None
    ) -> int:
        """The viewer's user id; asked again for the same name, the same one."""
        body = {"name": name, "user_id": user_id, "member_of": member_of}
        return int(self.call("POST", "viewers", body)["user_id"])

    def save_campaign(
        self,
        *,
        name: str = "Launch week",
        organization: str = "Skyfall Studio",
        category: str = "Skyfall",
        rewards: Sequence[dict[str, Any]] = ({"name": "Ember cape", "required_minutes": 30},),
        **others: Any,
    ) -> dict[str, Any]:
        body = {
            "organization": organization,
            "name": name,
            "category": category,
            "rewards": list(rewards),
            **others,
        }
        return self.call("PUT", "campaigns", body)

    def watch(self, *, user_id: int, campaign_id: str, minutes: int) -> dict[str, Any]:
        body = {"user_id": user_id, "campaign_id": campaign_id, "minutes": minutes}
        return self.call("POST", "watch", body)

    def authorize(
        self,
        *,
        user_id: int,
        redirect_uri: str,
        state: str,
        code_challenge: str,
        client_id: str = "app",
        scope: str = "user:read",
    ) -> str:
        """The viewer allows; returns the address that a browser would be sent to."""
        body = {
            "user_id": user_id,
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": code_challenge,
            "scope": scope,
        }
        return str(self.call("POST", "authorize", body)["redirect_to"])

    def claim(self, *, campaign_id: str, reward_id: str, **others: Any) -> dict[str, Any]:
        """`others`: user_id, count or claims; deliver; force."""
        body = {"campaign_id": campaign_id, "reward_id": reward_id, **others}
        return self.call("POST", "claims", body)

    def deliver(self, claim_id: str, *, message_id: str | None = None) -> list[dict[str, Any]]:
        body = {"claim_id": claim_id, "message_id": message_id}
        return list(self.call("POST", "deliver", body)["deliveries"])

    def disconnect(self, *, user_id: int, client_id: str = "app") -> None:
        self.call("POST", "disconnect", {"user_id": user_id, "client_id": client_id})

    def rotate_key(self) -> str:
        return str(self.call("POST", "rotate-key")["public_key"])

    def advance_clock(self, *, seconds: float) -> None:
        self.call("POST", "clock", {"advance_seconds": seconds})

    def set_faults(self, **faults: Any) -> dict[str, Any]:
        return self.call("PUT", "faults", faults)

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def reset(self) -> None:
        self.call("POST", "reset")

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        return self.call("GET", "dump")

    def claims(self) -> Iterator[dict[str, Any]]:
        return self._lines("dump/claims")

    def deliveries(self) -> Iterator[dict[str, Any]]:
        return self._lines("dump/deliveries")

    def requests(self) -> list[dict[str, Any]]:
        """The requests to Kick's endpoints so far."""
        return list(self._lines("dump/requests"))

    def _lines(self, path: str) -> Iterator[dict[str, Any]]:
        with requests.get(f"{self.url}/local/{path}", stream=True, timeout=120) as response:
            yield from map(json.loads, response.iter_lines())


def start_local_kick(database: Path, *, port: int = 0) -> LocalKick:
    """Start it on a free port (or on `port`) and wait until it is ready.

    What it logs goes to our stderr.
    """
    command = [sys.executable, "-m", "local.kick"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--database", str(database)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith(READY):
        process.wait(timeout=15)
        raise RuntimeError(f"The local Kick did not start (exit {process.returncode}).")
    return LocalKick(url=line.removeprefix(READY).split()[0], process=process)


@contextmanager
def running_local_kick(database: Path) -> Iterator[LocalKick]:
    local_kick = start_local_kick(database)
    try:
        yield local_kick
    finally:
        local_kick.stop()
