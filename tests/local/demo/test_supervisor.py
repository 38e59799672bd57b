"""A real supervisor is really killed, and its programs' locks tell which of them live on."""

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.demo.environment import REPOSITORY

SUPERVISOR = textwrap.dedent("""
    import os, sys
    from local.demo.supervisor import Program, ProgramEndedError, Supervisor

    with Supervisor(say=lambda line: print(line, flush=True)) as supervisor:
        for name in sys.argv[2:]:
            command = [sys.executable, sys.argv[1], name]
            supervisor.start(Program(name, command, dict(os.environ)))
        try:
            supervisor.wait()
        except ProgramEndedError as error:
            print(error, flush=True)
            sys.exit(1)
    print("all stopped", flush=True)
""")
# A program with a child of its own; each holds a lock for as long as it lives.
PROGRAM = textwrap.dedent("""
    import fcntl, os, signal, sys, time

    def hold(name):
        file = open(name, "w")
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(1, f"holds {name}\\n".encode())  # in one piece, whatever else is written
        return file

    name = sys.argv[1]
    if name == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if name == "polite":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("tidied up", flush=True)))
    if name == "crashing":
        print("a reason", flush=True)
        sys.exit(7)
    leader = os.getpid()
    if os.fork() == 0:
        name += "-child"
    lock = hold(name)
    for _ in range(1200):
        time.sleep(0.1)
        if name == "watchful-child" and os.getppid() != leader:
            break  # as gunicorn's workers do
""")


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    started = []
    (tmp_path / "program.py").write_text(PROGRAM)

    def start(*names: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, "program.py", *names],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start

    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_programs_and_what_they_forked(
    supervise: Callable[..., "subprocess.Popen[str]"], tmp_path: Path, number: signal.Signals
) -> None:
    process = supervise("one", "two")
    _read_until_held(process, 4)

    process.send_signal(number)
    output, _ = process.communicate(timeout=20)

    assert (process.returncode, output.endswith("all stopped\n")) == (0, True)
    assert _alive(tmp_path) == set()


def test_programs_may_tidy_up(supervise: Callable[..., "subprocess.Popen[str]"]) -> None:
    process = supervise("polite")
    _read_until_held(process, 2)

    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)

    assert "polite | tidied up" in output


def test_second_signal_stops_at_once_what_does_not_listen(
    supervise: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    process = supervise("stubborn")
    _read_until_held(process, 2)
    started = time.monotonic()

    process.send_signal(signal.SIGINT)
    time.sleep(0.3)  # two of the same signal at once are one
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert time.monotonic() - started < 4
    assert _alive(tmp_path) == set()


def test_crash_of_one_stops_all_and_is_told(
    supervise: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    process = supervise("one", "crashing")

    output, _ = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "crashing stopped unexpectedly, with exit status 7. Last lines:\n    a reason" in output
    assert _alive(tmp_path) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_programs_end_with_a_killed_supervisor(
    supervise: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    process = supervise("watchful")
    _read_until_held(process, 2)

    process.kill()
    process.communicate(timeout=20)

    assert _wait_until(lambda: not _alive(tmp_path))


def _read_until_held(process: "subprocess.Popen[str]", count: int) -> None:
    assert process.stdout
    while count:
        line = process.stdout.readline()
        assert line, "the supervisor ended before its programs had started"
        count -= "holds" in line


def _alive(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir() if path.suffix != ".py" and _is_held(path)}


def _is_held(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _wait_until(condition: Callable[[], bool], *, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()
