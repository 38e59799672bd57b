"""A stand-in for a chat's incoming webhook. It keeps each message, and answers as it's told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ChatWebhook:
    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[dict[str, Any]] = []
        self.pings = 0
        self.status = 200
        self.headers: dict[str, str] = {}

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.received]


@contextmanager
def running_chat_webhook() -> Iterator[ChatWebhook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if chat.status == 200:
                chat.received.append(body)
            self._answer(chat.status)

        def do_GET(self) -> None:
            chat.pings += 1
            self._answer(200)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            for name, value in chat.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chat = ChatWebhook(f"http://127.0.0.1:{server.server_address[1]}/services/T0/secret-path")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
