"""A launch day: a million viewers become eligible in the same ten minutes, and all of them claim.

That is 1,667 claims a second. Each phase offers a share of it for a while, at random moments like
people's, whatever the answers (an open loop), and gives up on an answer after as long as Kick is
taken to wait. What was not answered in time is *held back*: it reached the ledger unnoticed, or is
brought by catch-up afterwards, from the claims API. What is in the ledger by neither way is lost.
"""

import math
import random
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils import timezone

from claims.models import Claim
from claims.source import Page
from claims.source_page import record_page
from tests.bench.harness import Harness, say
from tests.bench.load import connect, is_whole
from tests.bench.rows import forget_claims
from tests.bench.traffic import SOURCE, claim_id_of, listed_award

VIEWERS = 1_000_000
SECONDS = 600
SHARES = (0.5, 1.0, 1.5, 2.0, 3.0)
# Kick says not how long it waits; the local Kick is as impatient.
PATIENCE_SECONDS = 3.0
MOST_CONNECTIONS = 900


@dataclass
class Phase:
    """What became of one share of the surge; `waits` in seconds from the moment of claiming."""

    offered: int
    seconds: float
    waits: list[float]
    refused: int
    given_up: int

    def line(self, *, in_ledger: int, caught_up: int, lost: int) -> str:
        in_time = len(self.waits)
        return (
            f"{self.offered / self.seconds:>9,.0f} {self.offered:>9,} {in_time:>9,} "
            f"{in_time / self.offered:>7.1%} {self._wait(0.5):>8.0f} {self._wait(0.99):>8.0f} "
            f"{self.offered - in_time:>9,} {in_ledger - in_time:>9,} {caught_up:>9,} {lost:>6,}"
        )

    def _wait(self, share: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.waits) or [math.nan]
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


HEADER = (
    f"{'offered/s':>9} {'claims':>9} {'in time':>9} {'':>7} {'p50 ms':>8} {'p99 ms':>8} "
    f"{'held back':>9} {'unnoticed':>9} {'caught up':>9} {'lost':>6}"
)


def run(harness: Harness) -> int:
    seconds = 5 * harness.scale.seconds
    harness.warm_up(harness.product)
    say(f"each phase lasts {seconds:.0f} s and reuses {len(harness.measured_claims):,} claims")
    print(HEADER)
    lost = sum(_offer(harness, share, seconds) for share in SHARES)
    return 1 if lost else 0


def _offer(harness: Harness, share: float, seconds: float) -> int:
    """Returns how many claims were lost."""
    forget_claims()
    count = min(int(share * seconds * VIEWERS / SECONDS), len(harness.measured_claims))
    seconds = count / (share * VIEWERS / SECONDS)
    phase = _Surge(harness.product.port, harness.measured_claims[:count], seconds).offer()
    missing = _missing(count)
    in_ledger = count - len(missing)
    _catch_up(missing)
    lost = len(_missing(count))
    print(phase.line(in_ledger=in_ledger, caught_up=len(missing) - lost, lost=lost), flush=True)
    return lost


def _missing(count: int) -> list[int]:
    there = set(Claim.objects.values_list("claim_id", flat=True))
    return [number for number in range(count) if claim_id_of(number) not in there]


def _catch_up(missing: Sequence[int]) -> None:
    now = timezone.now()
    for first in range(0, len(missing), 1000):
        awards = [listed_award(number) for number in missing[first : first + 1000]]
        record_page(Page(awards), source=SOURCE, now=now)


@dataclass
class _Waiting:
    claimed_at: float
    received: bytes = b""


class _Surge:
    """Claims at random moments. Each takes an idle connection, or a new one, up to a bound."""

    def __init__(self, port: int, requests: Sequence[bytes], seconds: float) -> None:
        self._port = port
        self._seconds = seconds
        self._count = len(requests)
        self._arrivals = self._draw_arrivals(requests)
        self._selector = selectors.DefaultSelector()
        self._idle: list[socket.socket] = []
        self._waiting: dict[socket.socket, _Waiting] = {}
        self._queue: deque[tuple[float, bytes]] = deque()
        self._phase = Phase(self._count, seconds, [], refused=0, given_up=0)

    def _draw_arrivals(self, requests: Sequence[bytes]) -> Iterator[tuple[float, bytes]]:
        moments = random.Random(1)
        return zip(
            sorted(moments.uniform(0, self._seconds) for _ in requests), requests, strict=True
        )

    def offer(self) -> Phase:
        self._began_at = time.perf_counter()
        next_one = next(self._arrivals, None)
        while next_one or self._queue or self._waiting:
            while next_one and next_one[0] <= self._now():
                self._queue.append(next_one)
                next_one = next(self._arrivals, None)
            self._send_what_can_be_sent()
            self._receive(until=next_one[0] if next_one else self._now() + 0.05)
            self._give_up()
        self._close()
        return self._phase

    def _now(self) -> float:
        return time.perf_counter() - self._began_at

    def _send_what_can_be_sent(self) -> None:
        while self._queue and (connection := self._free_connection()):
            claimed_at, request = self._queue.popleft()
            self._waiting[connection] = _Waiting(claimed_at)
            connection.sendall(request)

    def _free_connection(self) -> socket.socket | None:
        if self._idle:
            return self._idle.pop()
        if len(self._waiting) >= MOST_CONNECTIONS:
            return None
        connection = connect(self._port)
        self._selector.register(connection, selectors.EVENT_READ)
        return connection

    def _receive(self, *, until: float) -> None:
        for key, _ in self._selector.select(max(0.0, min(until - self._now(), 0.05))):
            self._read(key.fileobj)

    def _read(self, connection: socket.socket) -> None:
        data = connection.recv(65536)
        waiting = self._waiting.get(connection)
        if not data or waiting is None:
            self._drop(connection)
            return
        waiting.received += data
        if is_whole(waiting.received):
            del self._waiting[connection]
            self._idle.append(connection)
            self._note(waiting)

    def _note(self, waiting: _Waiting) -> None:
        if int(waiting.received[9:12]) != 200:
            self._phase.refused += 1
        else:
            self._phase.waits.append(self._now() - waiting.claimed_at)

    def _give_up(self) -> None:
        """As Kick hangs up on an answer that takes too long."""
        too_old = self._now() - PATIENCE_SECONDS
        for connection, waiting in list(self._waiting.items()):
            if waiting.claimed_at > too_old:
                break  # they are in the order of their claims
            self._phase.given_up += 1
            self._drop(connection)
        while self._queue and self._queue[0][0] < too_old:
            self._queue.popleft()
            self._phase.given_up += 1

    def _drop(self, connection: socket.socket) -> None:
        self._waiting.pop(connection, None)
        if connection in self._idle:
            self._idle.remove(connection)
        self._selector.unregister(connection)
        connection.close()

    def _close(self) -> None:
        self._selector.close()
        for connection in self._idle:
            connection.close()
