"""The web server as a process: what it does when it is told to stop, or when it is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from local.demo.environment import free_ports, neutral_surroundings
from tests.demo_process import REPOSITORY, wait_until


class Served:
    """A server of two processes, and its address."""

    def __init__(self, port: int, var_dir: Path, **variables: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "studio_drops.server"]
        environment = neutral_surroundings() | {
            "VAR_DIR": str(var_dir),
            "WEB_BIND": f"localhost:{port}",
            "WEB_WORKERS": "2",
            "KICK_CLIENT_SECRET": "a-secret",
            **variables,
        }
        self.process = subprocess.Popen(
            [*command, "tests.studio_drops.wsgi_probe:application"],
            cwd=REPOSITORY,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def get(self, path: str = "/") -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(self.url + path, timeout=10).json()
        return answer

    def answers(self) -> bool:
        try:
            self.get()
        except requests.ConnectionError:
            return False
        return True

    def workers(self) -> set[int]:
        """Who answers. What had come to a process that was killed meanwhile is not answered."""
        pids = set()
        for _ in range(30):
            with suppress(requests.ConnectionError):
                pids.add(self.get()["pid"])
        return pids


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(*free_ports(1), tmp_path)
    try:
        assert wait_until(server.answers, seconds=20)
        yield server
    finally:
        server.process.terminate()
        server.process.communicate(timeout=20)


def test_what_is_under_way_is_answered_before_it_stops(served: Served) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(served.get, "/slow") for _ in range(6)]
        time.sleep(0.3)
        served.process.terminate()
        assert all(answer.result()["pid"] for answer in answers)

    assert served.process.wait(timeout=10) == 0
    assert not served.answers()


def test_a_killed_process_is_replaced_while_the_others_serve(served: Served) -> None:
    before = served.workers()
    os.kill(min(before), signal.SIGKILL)

    assert wait_until(lambda: len(served.workers() - {min(before)}) == 2, seconds=10)


def test_what_threads_that_ended_left_behind_is_collected() -> None:
    program = """
import gc, threading, time, weakref
from studio_drops import server
class Connection: pass
left_behind = Connection(); left_behind.itself = left_behind; is_there = weakref.ref(left_behind)
gc.disable(); del left_behind
server.THREAD_IDLE_SECONDS = 1
threading.Thread(target=server.collect_garbage, daemon=True).start()
time.sleep(2.5); print(is_there())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env=neutral_surroundings(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert done.stdout == "None\n"


def test_an_address_that_is_taken_is_not_shared(served: Served, tmp_path: Path) -> None:
    second = Served(int(served.url.rpartition(":")[2]), tmp_path / "second")

    said, _ = second.process.communicate(timeout=20)

    assert second.process.returncode == 1
    assert said.startswith("WEB_BIND is 'localhost:")
    assert "Address already in use" in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WEB_BIND", "8000"),
        ("WEB_BIND", "unix:/tmp/web"),
        ("WEB_BIND", "127.0.0.1:99999"),
        ("WEB_WORKERS", "0"),
        ("WEB_THREADS", "-1"),
        ("WEB_THREADS", "many"),
    ],
)
def test_what_cannot_be_served_is_refused(tmp_path: Path, variable: str, value: str) -> None:
    refused = Served(*free_ports(1), tmp_path, **{variable: value})

    said, _ = refused.process.communicate(timeout=20)

    assert refused.process.returncode == 1
    assert f"{variable} is " in said.splitlines()[-1]


def test_it_says_what_it_serves(served: Served) -> None:
    served.process.terminate()
    said, _ = served.process.communicate(timeout=20)

    port = served.url.rpartition(":")[2]
    assert f"serving address=127.0.0.1 port={port} workers=2 threads=4" in said


def test_no_request_is_shown_a_secret(served: Served) -> None:
    names = served.get()["names"]

    assert "REQUEST_METHOD" in names
    assert "KICK_CLIENT_SECRET" not in names
