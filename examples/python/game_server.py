"""A game server that delivers drops: one file without dependencies, for Python 3.9 or newer.

    DROPS_URL=https://… DROPS_KEY=sd_… DROPS_SECRET=whsec_… python game_server.py

Three rules make it safe to stop it at any point and to receive everything twice:

1. Write down which items you are about to deliver, under a new fulfilment id. Then call `fulfil`.
2. Deliver an item only if the outcome is `fulfilled`, and note it as done in the same transaction.
3. If an answer is lost, call `fulfil` again with the same fulfilment id.

A webhook only says that there is something to do. The list of entitlements is the truth, so this
server also looks at it every 30 seconds.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import queue
import sqlite3
import threading
import time
import urllib.parse
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300


class Drops:
    """The REST API."""

    def __init__(self, url, key):
        self.url, self.key = url.rstrip("/") + "/api/v1", key

    def undelivered(self, game_account_id=None):
        """All undelivered entitlements of a player, or of all players."""
        query = {"status": "GRANTED", "limit": 1000}
        if game_account_id is not None:
            query["game_account_id"] = game_account_id
        while query.get("cursor", "") is not None:
            page = self.call("GET", "/entitlements", query)
            yield from page["entitlements"]
            query["cursor"] = page["next_cursor"]

    def fulfil(self, fulfilment_id, entitlement_ids):
        body = {"fulfilment_id": fulfilment_id, "entitlement_ids": entitlement_ids}
        outcomes = self.call("POST", "/entitlements/fulfil", body)["outcomes"]
        return {one["id"]: one["outcome"] for one in outcomes}

    def sync(self, game_account_id):
        """Ask the platforms for this player's claims now. For a “my drop is missing” button."""
        return self.call("POST", "/players/sync", {"game_account_id": game_account_id})

    def call(self, method, path, values):
        data, headers = None, {"Authorization": f"Bearer {self.key}"}
        if method == "GET":
            path += "?" + urllib.parse.urlencode(values)
        else:
            headers["Content-Type"], data = "application/json", json.dumps(values).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.load(answer)


class Game:
    """Your game's database. Here it's SQLite; use the one that has your players' items."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.executescript("""
            CREATE TABLE IF NOT EXISTS delivery (
                entitlement_id TEXT PRIMARY KEY, fulfilment_id TEXT NOT NULL,
                game_account_id TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL,
                granted_at TEXT NOT NULL, outcome TEXT, ended_at REAL
            );
            CREATE TABLE IF NOT EXISTS inventory (
                game_account_id TEXT, sku TEXT, quantity INTEGER NOT NULL,
                PRIMARY KEY (game_account_id, sku)
            );
        """)

    def deliver(self, drops, entitlements):
        """Deliver these entitlements, and any whose answer was lost. Safe to repeat."""
        new = [one for one in entitlements if one["status"] == "GRANTED"]
        with self.lock:
            for start in range(0, len(new), 1000):  # `fulfil` takes at most 1,000
                self.remember(new[start : start + 1000])
            for fulfilment_id, ids in self.unfinished():
                self.finish(drops.fulfil(fulfilment_id, ids))

    def remember(self, entitlements):
        fulfilment_id = str(uuid.uuid4())
        keys = ("id", "game_account_id", "sku", "quantity", "granted_at")
        with self.db:
            self.db.executemany(
                "INSERT INTO delivery (fulfilment_id, entitlement_id, game_account_id, sku,"
                " quantity, granted_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (entitlement_id) DO NOTHING",
                [(fulfilment_id, *(one[key] for key in keys)) for one in entitlements],
            )

    def unfinished(self):
        calls = {}
        query = "SELECT fulfilment_id, entitlement_id FROM delivery WHERE outcome IS NULL"
        for fulfilment_id, entitlement_id in self.db.execute(query):
            calls.setdefault(fulfilment_id, []).append(entitlement_id)
        return list(calls.items())

    def finish(self, outcomes):
        with self.db:
            for entitlement_id, outcome in outcomes.items():
                if outcome == "fulfilled":
                    print("delivered", entitlement_id, flush=True)
                    self.db.execute(
                        "INSERT INTO inventory SELECT game_account_id, sku, quantity FROM delivery"
                        " WHERE entitlement_id = ? ON CONFLICT (game_account_id, sku)"
                        " DO UPDATE SET quantity = quantity + excluded.quantity",
                        [entitlement_id],
                    )
                self.db.execute(
                    "UPDATE delivery SET outcome = ?, ended_at = ? WHERE entitlement_id = ?",
                    [outcome, time.time(), entitlement_id],
                )


def verify(secret, headers, body):
    """Check a message as https://www.standardwebhooks.com says. Raises ValueError."""
    message_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > TOLERANCE_SECONDS:
        raise ValueError("The message is too old, or its clock is wrong.")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{sent_at}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    # While a secret is being replaced, a message has two signatures.
    for signature in headers.get("webhook-signature", "").split():
        if hmac.compare_digest(signature.encode(), expected):
            return json.loads(body)
    raise ValueError("The signature doesn't match.")


class Handler(BaseHTTPRequestHandler):
    """Receives webhooks. Answer at once, and work afterwards: the sender waits for 15 seconds."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self.received(verify(self.server.secret, self.headers, body))
            self.answer(204)
        except ValueError as error:
            self.answer(400, str(error))

    def received(self, message):
        if message["type"] == "entitlements.granted":
            self.server.work.put(message["data"]["entitlements"])
        else:
            print(message["type"], message["data"], flush=True)

    def answer(self, status, text="", content_type="text/plain; charset=utf-8"):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


class Server(ThreadingHTTPServer):
    def __init__(self, address, handler, *, drops, game, secret, poll_seconds=30.0):
        super().__init__(address, handler)
        self.drops, self.game, self.secret = drops, game, secret
        self.work, self.poll_seconds = queue.Queue(), poll_seconds
        threading.Thread(target=self.deliver_forever, daemon=True).start()

    def deliver_forever(self):
        while True:
            entitlements = None
            with contextlib.suppress(queue.Empty):
                entitlements = self.work.get(timeout=self.poll_seconds)
            try:
                self.game.deliver(self.drops, entitlements or self.drops.undelivered())
            except (OSError, ValueError) as error:  # no answer: the next round repeats the call
                print("not delivered yet:", error, flush=True)


if __name__ == "__main__":
    env = {"PORT": "8300", "DATABASE": "game.sqlite3", **os.environ}
    drops, game = Drops(env["DROPS_URL"], env["DROPS_KEY"]), Game(env["DATABASE"])
    address, secret = ("", int(env["PORT"])), env["DROPS_SECRET"]
    server = Server(address, Handler, drops=drops, game=game, secret=secret)
    print("listening on", server.server_address[1], flush=True)
    server.work.put(None)  # look at the list at once
    server.serve_forever()
