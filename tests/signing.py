"""Deliveries signed with a real key, which a real server hands out as Kick's."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from claims.source import Award
from platforms.kick.protocol.signatures import sign

PATH = "/webhooks/kick/drops"


@dataclass(frozen=True)
class SigningKick:
    """Signs as Kick does. `url` is the API host that hands out the key."""

    url: str
    key: RSAPrivateKey

    def headers(self, body: bytes, **changes: str) -> dict[str, str]:
        """The three headers of a delivery; `changes` replace the message id or the timestamp."""
        message_id = changes.get("message_id", "01K0MESSAGE")
        timestamp = changes.get("timestamp") or timezone.now().isoformat()
        signature = sign(self.key, message_id=message_id, timestamp=timestamp, body=body)
        return {
            "Kick-Event-Signature": signature,
            "Kick-Event-Message-ID": message_id,
            "Kick-Event-Timestamp": timestamp,
        }

    def deliver(self, body: bytes, client: Client | None = None, **changes: str) -> HttpResponse:
        return post(body, self.headers(body, **changes), client)


def post(body: bytes, headers: Mapping[str, str], client: Client | None = None) -> HttpResponse:
    client = client or Client()
    return client.post(PATH, body, content_type="application/json", headers=headers)


def claim_body(award: Award, **extra: Any) -> bytes:
    """The body that Kick sends for this award; `extra` replaces or adds fields."""
    fields = {
        "claim_id": award.claim_id,
        "user_id": int(award.account.removeprefix("kick:")),
        "campaign_id": award.campaign_id,
        "reward_id": award.reward_id,
    }
    if award.external_id:
        fields["external_id"] = award.external_id
    return json.dumps(fields | extra).encode()


@contextmanager
def signing_kick() -> Iterator[SigningKick]:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    answer = json.dumps({"data": {"public_key": pem.decode()}, "message": "OK"}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield SigningKick(url=f"http://127.0.0.1:{server.server_port}", key=key)
    finally:
        server.shutdown()
        server.server_close()
