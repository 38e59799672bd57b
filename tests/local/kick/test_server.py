"""The local Kick's server: many connections, sixteen requests at a time, and a graceful end."""

import http.client
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.local_kick_process import LocalKick, running_local_kick

PATH = "/public/v1/public-key"


@pytest.fixture
def kick(tmp_path: Path) -> Iterator[LocalKick]:
    """One of our own, because it's stopped."""
    with running_local_kick(tmp_path / "kick.sqlite3") as running:
        yield running


def connect(kick: LocalKick) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(kick.url.rpartition(":")[2]), timeout=20)


def get(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", PATH)
    response = connection.getresponse()
    assert b"public_key" in response.read()
    return response.status


def get_once(kick: LocalKick) -> int:
    with closing(connect(kick)) as connection:
        return get(connection)


def test_a_connection_is_kept_and_answers_at_once(local_kick: LocalKick) -> None:
    connection = connect(local_kick)
    get(connection)
    first: socket.socket = connection.sock

    began_at = time.monotonic()
    statuses = [get(connection) for _ in range(50)]

    assert statuses == [200] * 50
    assert connection.sock is first
    assert time.monotonic() - began_at < 1.9  # 40 ms more for each with Nagle's algorithm
    connection.close()


def test_idle_connections_are_not_in_the_way(local_kick: LocalKick) -> None:
    idle = [connect(local_kick) for _ in range(40)]
    for connection in idle:
        assert get(connection) == 200

    assert get(idle[0]) == 200
    for connection in idle:
        connection.close()


def test_sixteen_requests_at_a_time(local_kick: LocalKick) -> None:
    local_kick.set_faults(api={"slow_seconds": 1, "path_prefix": PATH})
    began_at = time.monotonic()

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: get_once(local_kick), range(20)))

    assert statuses == [200] * 20
    assert 1.9 < time.monotonic() - began_at < 3.9


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_under_way_is_answered_before_it_stops(
    kick: LocalKick, number: signal.Signals
) -> None:
    kick.set_faults(api={"slow_seconds": 1, "path_prefix": PATH})
    statuses: list[int] = []
    request = threading.Thread(target=lambda: statuses.append(get_once(kick)))
    idle = connect(kick)
    idle.connect()
    request.start()
    time.sleep(0.4)

    kick.process.send_signal(number)

    assert kick.process.wait(timeout=4) == 0
    request.join()
    assert statuses == [200]
    idle.close()


def test_it_does_not_wait_for_ever(kick: LocalKick) -> None:
    kick.set_faults(api={"slow_seconds": 60, "path_prefix": PATH})
    connection = connect(kick)
    connection.request("GET", PATH)
    time.sleep(0.4)

    kick.process.terminate()

    assert kick.process.wait(timeout=9) == 0
    connection.close()
