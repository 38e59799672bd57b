"""A server on loopback that answers as it is told, faults included, and notes what it is asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Seen:
    """One request, as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Exchange(BaseHTTPRequestHandler):
    """One connection's requests; what an answer writes to."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    server: "ScriptedServer"

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        seen = Seen(self.command, url.path, query, dict(self.headers), body)
        self.server.answer_for(seen)(self)

    do_GET = do_POST = do_PATCH = handle_any  # noqa: N815 - http.server's names

    def log_message(self, *args: Any) -> None:
        pass


Answer = Callable[[Exchange], None]


def reply(status: int = 200, body: Any = b"", **headers: str) -> Answer:
    """An answer in full; what is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def write(exchange: Exchange) -> None:
        exchange.send_response(status)
        for name, value in headers.items():
            exchange.send_header(name.replace("_", "-"), value)
        exchange.send_header("Content-Length", str(len(content)))
        exchange.end_headers()
        exchange.wfile.write(content)

    return write


def cut_short(exchange: Exchange) -> None:
    """Promise more than is sent, and hang up."""
    exchange.send_response(200)
    exchange.send_header("Content-Length", "1000")
    exchange.end_headers()
    exchange.wfile.write(b'{"data"')
    exchange.close_connection = True


def hang_up(exchange: Exchange) -> None:
    exchange.close_connection = True


def stay_silent(exchange: Exchange) -> None:
    """Say nothing until the test is over."""
    exchange.server.is_over.wait(10)
    exchange.close_connection = True


def drip(exchange: Exchange) -> None:
    """Send one byte after the other, each in good time, and never come to an end."""
    exchange.send_response(200)
    exchange.send_header("Content-Length", "1000000")
    exchange.end_headers()
    exchange.close_connection = True
    try:
        while not exchange.server.is_over.wait(0.02):
            exchange.wfile.write(b" ")
            exchange.wfile.flush()
    except OSError:
        return


class ScriptedServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.is_over = threading.Event()
        self.seen: list[Seen] = []
        self.connections = 0
        self._answers: list[Answer] = [reply(404)]
        self._choose: Callable[..., None] | None = None
        self._choosing = threading.Lock()

    def script(self, *answers: Answer) -> None:
        """Give these answers, in this order; the last one for ever."""
        self._answers = list(answers)

    def script_by(self, choose: Callable[[Exchange, Seen], None]) -> None:
        """Let this function answer, which sees the request."""
        self._choose = choose

    def answer_for(self, seen: Seen) -> Answer:
        with self._choosing:
            self.seen.append(seen)
            if self._choose is not None:
                return partial(self._choose, seen=seen)
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is none of the test's concern."""


@contextmanager
def running_server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.is_over.set()
            server.shutdown()
            thread.join()
