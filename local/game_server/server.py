"""The game server's pages and its modes: how it treats webhooks, to try what goes wrong."""

import json
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from examples.python.game_server import Handler as WebhookHandler
from examples.python.game_server import Server as WebhookServer
from local.game_server.page import render_page

MODES = {
    "deliver": "delivers at once",
    "error": "answers 500",
    "slow": "answers after 20 seconds",
    "lie": "answers 204, but doesn’t deliver",
}
SLOW_SECONDS = 20
# Longer than the demo runs: only a message, a login or the button makes it look at the list. So the
# sample claims stay undelivered.
NEVER = 7 * 24 * 3600.0


class GameServer(WebhookServer):
    def __init__(self, address: tuple[str, int], handler: Any, **options: Any) -> None:
        super().__init__(address, handler, poll_seconds=NEVER, **options)
        self.mode = "deliver"
        self.messages: deque[dict[str, Any]] = deque(maxlen=8)

    def inventory_of(self, player: str) -> dict[str, Any]:
        """What the page shows of a player. "": of the player with the newest item."""
        with self.game.lock:
            players = [
                name
                for (name,) in self.game.db.execute(
                    "SELECT game_account_id FROM delivery WHERE outcome = 'fulfilled'"
                    " GROUP BY game_account_id ORDER BY max(ended_at) DESC LIMIT 20"
                )
            ]
            player = player or (players[0] if players else "")
            items = self.game.db.execute(
                "SELECT sku, quantity FROM inventory WHERE game_account_id = ? ORDER BY rowid",
                [player],
            ).fetchall()
            deliveries = self.game.db.execute(
                "SELECT sku, quantity, granted_at, ended_at FROM delivery"
                " WHERE game_account_id = ? AND outcome = 'fulfilled'"
                " ORDER BY ended_at DESC LIMIT 10",
                [player],
            ).fetchall()
        return {
            "player": player,
            "players": players,
            "mode": self.mode,
            "items": [{"sku": sku, "quantity": quantity} for sku, quantity in items],
            "deliveries": [
                {"sku": sku, "quantity": quantity, "granted_at": granted_at, "delivered_at": at}
                for sku, quantity, granted_at, at in deliveries
            ],
            "messages": list(self.messages),
        }


class Handler(WebhookHandler):
    server: GameServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        player = parse_qs(parts.query).get("player", [""])[0]
        if parts.path == "/inventory.json":
            text = json.dumps(self.server.inventory_of(player))
            self.answer(200, text, "application/json")
        elif parts.path == "/":
            shown = self.server.inventory_of(player)
            self.answer(200, render_page(shown, MODES), "text/html; charset=utf-8")
        elif parts.path == "/healthz":
            self.answer(200, "ok")
        else:
            self.answer(404, "Not found. The inventories are at /.")

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        if path == "/webhooks/drops":
            self._receive()
            return
        # The pages' forms. Another site's page can't press these buttons.
        origin, host = self.headers.get("Origin"), self.headers.get("Host")
        if origin and urlsplit(origin).netloc != host:
            self.answer(403, "Refused: the form is another site’s.")
            return
        length = int(self.headers.get("Content-Length", 0))
        form = {name: one[0] for name, one in parse_qs(self.rfile.read(length).decode()).items()}
        player = form.get("player", "")
        if path == "/mode" and form.get("mode") in MODES:
            self.server.mode = form["mode"]
        elif path == "/login" and player:
            self.server.game.deliver(self.server.drops, self.server.drops.undelivered(player))
        elif path == "/sync" and player:
            synced = self.server.drops.sync(player)
            self.server.game.deliver(self.server.drops, synced["entitlements"])
        else:
            self.answer(404, "Not found.")
            return
        self.send_response(303)
        self.send_header("Location", "/?" + urlencode({"player": player}))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _receive(self) -> None:
        if self.server.mode == "slow":
            time.sleep(SLOW_SECONDS)
        if self.server.mode != "error":
            super().do_POST()
            return
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(500, "This game server answers 500, as its page asks for.")

    def received(self, message: dict[str, Any]) -> None:
        data = message["data"]
        noted = {
            "type": message["type"],
            "at": time.time(),
            "player": data.get("game_account_id", ""),
        }
        self.server.messages.appendleft(noted)
        if message["type"] == "entitlements.granted" and self.server.mode != "lie":
            super().received(message)

    def log_message(self, *_: Any) -> None:
        """Only what happens in the game is worth a line."""
