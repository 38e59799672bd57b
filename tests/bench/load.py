"""A small load generator: prebuilt requests over connections that are kept, on loopback.

One thread and one selector for all connections, each of which sends its next request as soon as it
has its answer. It does so little per request that the server is the bottleneck; `make bench` prints
its ceiling against a server that does nothing.
"""

import math
import multiprocessing
import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SEND_BUFFER_BYTES = 256 * 1024
_STALLED_AFTER_SECONDS = 30.0
# Until the server has noticed that the last run's connections are closed. A process that is still
# at it takes none of the new ones, all of which would then go to one process.
_PAUSE_SECONDS = 0.3


class LoadFailed(Exception):
    """The server did not answer as it should; the message says how."""


@dataclass
class Measured:
    """What became of one run of load; `latencies` in seconds, in the order of the answers."""

    seconds: float
    latencies: list[float]
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """In seconds; `share` 0.99 is the 99th percentile."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]

    def expect(self, status: int) -> "Measured":
        """Raises LoadFailed unless every answer had this status: a refusal is cheap to give."""
        if set(self.statuses) != {status}:
            raise LoadFailed(f"Expected {status} alone, and the answers were {self.statuses}.")
        return self


def drive(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float = math.inf
) -> Measured:
    """Send each request once, until all are answered or the time is over."""
    time.sleep(_PAUSE_SECONDS)
    return _Run(port, iter(requests), connections, seconds).measure()


def repeated(requests: Sequence[bytes], times: int) -> list[bytes]:
    return list(requests) * times


class _Run:
    def __init__(
        self, port: int, requests: Iterator[bytes], connections: int, seconds: float
    ) -> None:
        self._requests = requests
        self._selector = selectors.DefaultSelector()
        self._sockets = [connect(port) for _ in range(connections)]
        self._sent_at: dict[socket.socket, float] = {}
        self._received: dict[socket.socket, bytes] = {}
        self._seconds = seconds
        self._measured = Measured(0.0, [])

    def measure(self) -> Measured:
        began_at = time.perf_counter()
        self._until = began_at + self._seconds
        for connection in self._sockets:
            self._selector.register(connection, selectors.EVENT_READ)
            self._send_next(connection)
        while self._sent_at:
            self._receive_what_is_there()
        self._measured.seconds = time.perf_counter() - began_at
        self._close()
        return self._measured

    def _receive_what_is_there(self) -> None:
        ready = self._selector.select(_STALLED_AFTER_SECONDS)
        if not ready:
            raise LoadFailed(f"No answer for {_STALLED_AFTER_SECONDS:.0f} seconds.")
        for key, _ in ready:
            self._receive(key.fileobj)

    def _receive(self, connection: socket.socket) -> None:
        data = connection.recv(65536)
        if not data:
            raise LoadFailed("The server closed a connection in the middle of a run.")
        answer = self._received.pop(connection, b"") + data
        if not is_whole(answer):
            self._received[connection] = answer
            return
        self._measured.latencies.append(time.perf_counter() - self._sent_at.pop(connection))
        self._measured.statuses[int(answer[9:12])] += 1
        self._send_next(connection)

    def _send_next(self, connection: socket.socket) -> None:
        now = time.perf_counter()
        request = next(self._requests, None) if now < self._until else None
        if request is not None:
            self._sent_at[connection] = now
            connection.sendall(request)

    def _close(self) -> None:
        self._selector.close()
        for connection in self._sockets:
            connection.close()


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_STALLED_AFTER_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A whole request fits, so that sending one never waits for the server.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    return connection


def is_whole(answer: bytes) -> bool:
    head_end = answer.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    length = _LENGTH.search(answer, 0, head_end + 2)
    if length is None:
        raise LoadFailed("An answer without a Content-Length: " + repr(answer[:200]))
    return len(answer) >= head_end + 4 + int(length[1])


@dataclass(frozen=True)
class Stream:
    """One kind of traffic beside others: its requests, again and again, for as long as it takes."""

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float


def drive_together(*streams: Stream) -> list[Measured]:
    """Each stream from a process of its own, all at the same time."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(len(streams), mp_context=context) as pool:
        return list(pool.map(_drive_stream, streams))


def _drive_stream(stream: Stream) -> Measured:
    return drive(
        stream.port, stream.requests, connections=stream.connections, seconds=stream.seconds
    )
