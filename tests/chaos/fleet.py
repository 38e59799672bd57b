"""Processes that are killed and come back, as under a supervisor; and that never outlive us."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.demo.environment import REPOSITORY
from local.demo.supervisor import DIE_WITH_PARENT, Program

Process = subprocess.Popen[bytes]
Start = Callable[[], Process]
GRACE_SECONDS = 10.0


def starter(program: Program, logs: Path) -> Start:
    """Starts `program` tied to our own life, its output appended to a log of its name."""

    def start() -> Process:
        wrapper = [sys.executable, "-I", "-S", str(DIE_WITH_PARENT), str(os.getpid())]
        with (logs / f"{program.name.replace(' ', '-')}.log").open("ab") as log:
            return subprocess.Popen(
                [*wrapper, *program.command],
                env=dict(program.environment),
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    return start


@dataclass(slots=True)
class _Member:
    start: Start
    process: Process
    stop_signal: signal.Signals
    before_restart: Callable[[], None] | None = None
    back_at: float = 0.0
    is_killed: bool = False


class Fleet:
    """Use it in one thread, the main one: the kernel ties the processes' lives to that thread's.

    `pause` says for how many seconds the next process stays away.
    """

    def __init__(self, *, pause: Callable[[], float]) -> None:
        self.kills: Counter[str] = Counter()
        self.own_ends: Counter[str] = Counter()
        self._pause = pause
        self._members: dict[str, _Member] = {}

    def start(
        self, name: str, start: Start, *, stop_signal: signal.Signals = signal.SIGTERM
    ) -> Process:
        self._members[name] = _Member(start, start(), stop_signal)
        return self._members[name].process

    def tend(self) -> None:
        """Start again whoever ended and has been away for long enough."""
        for name, member in self._members.items():
            if member.process.poll() is None:
                continue
            if not member.back_at:
                self._note_end(name, member)
            elif time.monotonic() >= member.back_at:
                self._bring_back(member)

    def kill(self, name: str, *, before_restart: Callable[[], None] | None = None) -> bool:
        """`kill -9` the process and all that it forked; False when it is away already."""
        member = self._members[name]
        if member.process.poll() is not None:
            return False
        member.is_killed = True
        member.before_restart = before_restart
        for pid in [member.process.pid, *_descendants(member.process.pid)]:
            _signal(os.kill, pid, signal.SIGKILL)
        _signal(os.killpg, member.process.pid, signal.SIGKILL)
        member.process.wait()
        self.kills[name] += 1
        return True

    def stop(self) -> None:
        """Ask all to end, the last started first; then make them."""
        forked = {name: _descendants(one.process.pid) for name, one in self._members.items()}
        for member in reversed(self._members.values()):
            _signal(os.killpg, member.process.pid, member.stop_signal)
        deadline = time.monotonic() + GRACE_SECONDS
        for name, member in self._members.items():
            with suppress(subprocess.TimeoutExpired):
                member.process.wait(timeout=max(0.1, deadline - time.monotonic()))
            for pid in forked[name]:
                _signal(os.kill, pid, signal.SIGKILL)
            _signal(os.killpg, member.process.pid, signal.SIGKILL)
            member.process.wait()
        self._members.clear()

    def _note_end(self, name: str, member: _Member) -> None:
        member.back_at = time.monotonic() + self._pause()
        if not member.is_killed:
            self.own_ends[name] += 1

    def _bring_back(self, member: _Member) -> None:
        if member.before_restart:
            member.before_restart()
        member.process = member.start()
        member.before_restart, member.back_at, member.is_killed = None, 0.0, False


def _signal(send: Callable[[int, int], None], pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        send(pid, number)


def _descendants(pid: int) -> list[int]:
    """What it forked, also into process groups of their own, as PostgreSQL does. Linux alone."""
    parents = dict(_parents())
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [one for child in found for one in _descendants(child)]


def _parents() -> Iterator[tuple[int, int]]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # Behind the name, which may hold spaces and brackets: state, parent.
            yield int(stat.parent.name), int(stat.read_text().rpartition(")")[2].split()[1])
