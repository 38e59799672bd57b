"""A webhook endpoint that keeps what it is sent and answers as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from platforms.kick.protocol.signatures import (
    SignedDelivery,
    load_public_key,
    read_delivery,
    verify,
)


@dataclass
class Receiver:
    url: str = ""
    status: int = 200
    answer: bytes = b"ok"
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    # Set to hold every answer back until the event is set.
    gate: threading.Event | None = None

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body in self.requests]

    def deliveries(self) -> list[SignedDelivery]:
        return [read_delivery(headers, body) for headers, body in self.requests]

    def verdicts(self, public_key: str) -> list[bool]:
        key = load_public_key(public_key)
        return [verify(key, delivery) for delivery in self.deliveries()]


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append((dict(self.headers), body))
            if receiver.gate is not None:
                receiver.gate.wait(10)
            self.send_response(receiver.status)
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

        def log_message(self, *parts: object) -> None: ...

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """Cut connections are what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/webhooks/kick/drops?a=b"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
