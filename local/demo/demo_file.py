"""URLs and credentials of a running demo, and the file that holds them, `var/demo.json`."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.demo import catalogue
from platforms.kick import WEBHOOK_PATH


@dataclass(frozen=True, slots=True)
class DemoFile:
    web_url: str
    local_kick_url: str
    game_server_url: str
    campaign: Mapping[str, Any]
    viewer_id: int
    streamer_id: int
    staff_password: str
    api_key: str
    webhook_secret: str

    def as_json(self) -> dict[str, Any]:
        """The content of `var/demo.json`. Scripts rely on it: add keys, but never change them."""
        web, kick = self.web_url, self.local_kick_url
        return {
            "web": {
                "url": web,
                "link_url": f"{web}/link/",
                "admin_url": f"{web}/admin/",
                "channel_url": f"{web}/channel/",
                "api_url": f"{web}/api/v1",
                "api_docs_url": f"{web}/api/v1/docs",
                "webhook_url": f"{web}{WEBHOOK_PATH}",
            },
            "local_kick": {
                "url": kick,
                "inventory_url": f"{kick}/",
                "dashboard_url": f"{kick}/dashboard",
                "channels_url": f"{kick}/channels",
                "control_url": f"{kick}/local",
            },
            "game_server": {
                "url": self.game_server_url,
                "inventory_url": f"{self.game_server_url}/inventory.json",
                "webhook_secret": self.webhook_secret,
            },
            "staff": {"username": catalogue.STAFF, "password": self.staff_password},
            "api_key": self.api_key,
            "campaign": {name: self.campaign[name] for name in ("campaign_id", "name", "category")},
            "rewards": list(self.campaign["rewards"]),
            "player": {"game_account_id": catalogue.PLAYER, "name": catalogue.PLAYER},
            "viewer": {"user_id": self.viewer_id, "name": catalogue.VIEWER},
            "streamer": {"user_id": self.streamer_id, "name": catalogue.STREAMER},
        }

    def write(self, path: Path) -> None:
        """Write atomically, and readable by the owner only, because it contains a password."""
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(self.as_json(), indent=2) + "\n")
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return those of an earlier start, or None if the file is missing or has another shape."""
        try:
            found = json.loads(path.read_text())
            return cls(
                web_url=found["web"]["url"],
                local_kick_url=found["local_kick"]["url"],
                game_server_url=found["game_server"]["url"],
                campaign=found["campaign"] | {"rewards": found["rewards"]},
                viewer_id=found["viewer"]["user_id"],
                streamer_id=found["streamer"]["user_id"],
                staff_password=found["staff"]["password"],
                api_key=found["api_key"],
                webhook_secret=found["game_server"]["webhook_secret"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
