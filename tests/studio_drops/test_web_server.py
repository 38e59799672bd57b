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

from studio_drops.demo.place import free_ports, neutral_surroundings
from tests.demo_process import REPOSITORY, wait_until

pytestmark = pytest.mark.skipif(
    os.environ.get("TEST_DATABASE") == "sqlite", reason="no database is asked, so once is enough"
)


class Served:
    """A server of two processes, and its address."""

    def __init__(self, port: int, var_dir: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "studio_drops.web_server"]
        environment = neutral_surroundings() | {
            "VAR_DIR": str(var_dir),
            "WEB_BIND": f"127.0.0.1:{port}",
            "WEB_WORKERS": "2",
            "KICK_CLIENT_SECRET": "a-secret",
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


def test_processes_end_with_a_parent_that_was_killed(served: Served) -> None:
    served.process.kill()

    assert wait_until(lambda: not served.answers(), seconds=10)


def test_an_address_that_is_taken_is_not_shared(served: Served, tmp_path: Path) -> None:
    second = Served(int(served.url.rpartition(":")[2]), tmp_path / "second")

    said, _ = second.process.communicate(timeout=20)

    assert second.process.returncode == 1
    assert said.startswith("WEB_BIND is '127.0.0.1:")
    assert "Address already in use" in said


def test_no_request_is_shown_a_secret(served: Served) -> None:
    names = served.get()["names"]

    assert "REQUEST_METHOD" in names
    assert "KICK_CLIENT_SECRET" not in names
