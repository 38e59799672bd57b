"""The fleet: who is killed comes back, whoever forked goes along, and nobody outlives us."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from local.demo.environment import REPOSITORY
from local.demo.supervisor import Program
from tests.chaos.fleet import Fleet, starter

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="what a process forked is known on Linux alone, by /proc"
)

# It notes its own process id and that of a child which leaves its process group.
FORKS = """
import os, sys, time
child = os.fork()
if not child:
    os.setsid()
    time.sleep(60)
with open(sys.argv[1], "a") as notes:
    notes.write(f"{os.getpid()} {child}\\n")
time.sleep(60)
"""
OWNER = """
import sys
from pathlib import Path
from tests.chaos.fleet import Fleet, starter
from local.demo.supervisor import Program
program = Program("sleeper", [sys.executable, "-c", sys.argv[1], sys.argv[2]], {})
process = Fleet(pause=float).start("sleeper", starter(program, Path(sys.argv[3])))
print(process.pid, flush=True)
process.wait()
"""
WITHIN_SECONDS = 10.0


def forking(tmp_path: Path) -> Program:
    return Program("forking", [sys.executable, "-c", FORKS, str(tmp_path / "notes")], {})


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def notes(tmp_path: Path) -> list[list[int]]:
    path = tmp_path / "notes"
    return (
        [list(map(int, line.split())) for line in path.read_text().splitlines()]
        if path.exists()
        else []
    )


def is_gone(pid: int) -> bool:
    """Dead; that nobody has fetched its exit status yet does not make it alive."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def test_a_killed_process_goes_with_its_children_and_comes_back(tmp_path: Path) -> None:
    fleet = Fleet(pause=lambda: 0.0)
    fleet.start("forking", starter(forking(tmp_path), tmp_path))
    wait_for(lambda: len(notes(tmp_path)) == 1)

    is_killed, is_killed_again = fleet.kill("forking"), fleet.kill("forking")

    assert (is_killed, is_killed_again) == (True, False)
    wait_for(lambda: all(map(is_gone, notes(tmp_path)[0])))
    wait_for(lambda: fleet.tend() is None and len(notes(tmp_path)) == 2)
    assert (fleet.kills["forking"], fleet.own_ends["forking"]) == (1, 0)
    fleet.stop()
    wait_for(lambda: all(map(is_gone, notes(tmp_path)[1])))


def test_a_process_that_ends_by_itself_is_counted_and_comes_back(tmp_path: Path) -> None:
    fleet = Fleet(pause=lambda: 0.0)
    ending = Program("ending", [sys.executable, "-c", "pass"], {})
    fleet.start("ending", starter(ending, tmp_path))

    wait_for(lambda: fleet.tend() is None and fleet.own_ends["ending"] >= 2)

    fleet.stop()


def test_storage_is_wiped_before_the_restart(tmp_path: Path) -> None:
    fleet = Fleet(pause=lambda: 0.0)
    fleet.start("forking", starter(forking(tmp_path), tmp_path))
    wait_for(lambda: len(notes(tmp_path)) == 1)

    fleet.kill("forking", before_restart=(tmp_path / "notes").unlink)

    wait_for(lambda: fleet.tend() is None and not (tmp_path / "notes").exists())
    fleet.stop()


def test_nothing_outlives_an_owner_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, "import time; time.sleep(60)", "", str(tmp_path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())

        os.kill(owner.pid, signal.SIGKILL)

    wait_for(lambda: is_gone(pid))
