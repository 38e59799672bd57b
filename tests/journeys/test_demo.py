"""`make demo` and `manage.py demo --once`, as processes that are really stopped and killed."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.demo.environment import neutral_surroundings
from local.demo.seed_history import CLAIMS
from local.demo.selftest import STEPS
from tests.demo_process import REPOSITORY, RunningDemo, start_demo, wait_until
from tests.journeys.sabotage import FAULTS
from tests.races import some_of

pytestmark = pytest.mark.processes
PROGRAMS = ("studio_drops.server", " worker ", " beat ", "local.kick")
NUMBERED_STEPS = [(number, step.name) for number, step in enumerate(STEPS, start=1)]
only_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells which processes are left"
)


@dataclass(frozen=True, slots=True)
class Started:
    """What a demo tells of itself once it is ready."""

    facts: dict[str, Any]
    claims: tuple[int, int]
    mode: int


@pytest.fixture(scope="module")
def started_twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Started, Started]:
    """A demo's directory, and what it said when it was new and when it was started again."""
    var_dir = tmp_path_factory.mktemp("twice") / "var"

    def start_and_end() -> Started:
        demo = start_demo(var_dir)
        mode = (var_dir / "demo.json").stat().st_mode
        started = Started(demo.facts, _count_claims(demo), mode)
        demo.end()
        return started

    return var_dir, start_and_end(), start_and_end()


@pytest.fixture
def demo(tmp_path: Path, started_twice: tuple[Path, Started, Started]) -> Iterator[RunningDemo]:
    """A demo on a copy of that directory: it starts faster than a new one."""
    shutil.copytree(started_twice[0], tmp_path / "var")
    demo = start_demo(tmp_path / "var")
    yield demo
    if demo.process.poll() is None:
        demo.end(signal.SIGTERM)


def test_once_tells_the_whole_story_and_leaves_no_trace(tmp_path: Path) -> None:
    # In a copy of the tree, where only this run writes.
    tree, temporary = _copy_of_tree(tmp_path / "tree"), tmp_path / "tmp"
    temporary.mkdir()
    before = _files(tree)

    told = _run(["manage.py", "demo", "--once"], tree=tree, TMPDIR=str(temporary))

    assert (told.returncode, told.stderr) == (0, "")
    assert re.findall(r"^ *(\d+)   ", told.stdout, re.MULTILINE) == [
        str(number) for number, _ in NUMBERED_STEPS
    ]
    assert not re.search(r"sd_\w{8}_|(?:code|state|password|token)=[^…&]", told.stdout)
    assert (list(temporary.iterdir()), _files(tree) - before) == ([], set())


@pytest.mark.parametrize(("number", "name"), some_of(NUMBERED_STEPS, at_least=2))
def test_once_names_the_step_that_is_broken(tmp_path: Path, number: int, name: str) -> None:
    told = _run(["-m", "tests.journeys.sabotage", name], TMPDIR=str(tmp_path))

    assert told.returncode == 1
    assert f"\nStep {number} failed: {name}. " in told.stdout


def test_every_step_has_a_fault() -> None:
    assert list(FAULTS) == [step.name for step in STEPS]


@only_linux
@pytest.mark.parametrize("number", some_of([signal.SIGINT, signal.SIGTERM], at_least=1))
def test_demo_ends_with_all_its_programs(demo: RunningDemo, number: signal.Signals) -> None:
    status = demo.end(number)

    assert (status, demo.survivors()) == (0, [])


@only_linux
def test_demo_leaves_nothing_behind_when_it_is_killed(demo: RunningDemo) -> None:
    assert demo.survivors()

    demo.end(signal.SIGKILL)

    assert wait_until(lambda: not demo.survivors(), seconds=20), demo.survivors()


@only_linux
@pytest.mark.parametrize("program", some_of(PROGRAMS, at_least=1))
def test_demo_ends_when_a_program_crashes(demo: RunningDemo, program: str) -> None:
    os.kill(_leader_of(demo, program), signal.SIGKILL)
    status = demo.process.wait(timeout=30)

    assert (status, demo.survivors()) == (1, [])
    assert any("stopped unexpectedly, killed by SIGKILL" in line for line in demo.lines)


def test_demo_started_again_keeps_what_is_there(
    started_twice: tuple[Path, Started, Started],
) -> None:
    _, first, again = started_twice
    kept = ("staff", "api_key", "campaign", "rewards", "player", "viewer")

    assert {name: again.facts[name] for name in kept} == {name: first.facts[name] for name in kept}
    assert again.mode & 0o077 == 0


def test_demo_has_a_past_that_nobody_has_to_be_told_of(
    started_twice: tuple[Path, Started, Started],
) -> None:
    _, first, again = started_twice

    assert first.claims == (CLAIMS, 0)
    assert again.claims == (CLAIMS, 0)


def test_demo_says_what_to_do_about_a_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        refused = _run(["manage.py", "demo", "--port", str(port)], VAR_DIR=str(tmp_path))

    assert refused.returncode == 1
    assert re.fullmatch(
        rf"CommandError: Port {port} is in use.* Stop that process or choose another port: .*\n",
        refused.stderr,
    )


def test_demo_is_refused_in_production(tmp_path: Path) -> None:
    refused = _run(["manage.py", "demo"], VAR_DIR=str(tmp_path), DEBUG="0")

    assert refused.returncode == 1


def _run(
    command: list[str], *, tree: Path = REPOSITORY, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command],
        cwd=tree,
        env=neutral_surroundings() | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _leader_of(demo: RunningDemo, program: str) -> int:
    """The program's first process: the supervisor's own child."""
    parent = demo.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return next(int(pid) for pid in children if program in _command_line(pid))


def _command_line(pid: str) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _count_claims(demo: RunningDemo) -> tuple[int, int]:
    """The number of claims, and of reports that Kick hasn't received yet."""
    pending = "SELECT COUNT(*) FROM claims_report WHERE reported_at IS NULL"
    with closing(sqlite3.connect(demo.var_dir / "studio-drops.sqlite3")) as database:
        row = database.execute(f"SELECT COUNT(*), ({pending}) FROM claims_claim").fetchone()
    return int(row[0]), int(row[1])


def _copy_of_tree(directory: Path) -> Path:
    """What is committed, as far as a demo needs it."""
    not_needed = (".*", "var", "tests", "docs", "staticfiles", "htmlcov")
    shutil.copytree(REPOSITORY, directory, ignore=shutil.ignore_patterns(*not_needed))
    return directory


def _files(directory: Path) -> set[Path]:
    """Without the compiled modules, which any Python program leaves."""
    return {
        path
        for path in directory.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
