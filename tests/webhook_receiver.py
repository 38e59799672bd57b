"""A game server's endpoint for webhooks, on loopback. It keeps each request."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def payload(self) -> Any:
        return json.loads(self.body)


@dataclass
class WebhookReceiver:
    """`status`, `headers`, `text` and `seconds` say how it answers from now on.

    With status 0, it closes the connection without an answer, and keeps nothing.
    """

    url: str
    received: list[Received] = field(default_factory=list)
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    seconds: float = 0.0
    # Called with each payload that is answered 2xx, before the answer.
    on_message: Callable[[Any], None] = lambda _payload: None

    def of_type(self, event_type: str) -> list[Any]:
        """The data of the messages that were answered well."""
        payloads = [one.payload for one in self.received if one.status < 300]
        return [payload["data"] for payload in payloads if payload["type"] == event_type]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A sender that was killed isn't worth a traceback."""


@contextmanager
def running_receiver() -> Iterator[WebhookReceiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # the sender was killed
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.status
            if status == 0:
                self.close_connection = True
                return
            received = Received(headers, body, status)
            receiver.received.append(received)
            if status < 300:
                receiver.on_message(received.payload)
            time.sleep(receiver.seconds)
            text = receiver.text.encode()
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if status != 204:
                self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    receiver = WebhookReceiver(f"http://127.0.0.1:{server.server_address[1]}/drops?from=studio")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
