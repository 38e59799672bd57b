"""A small supervisor: programs that start together and stop together, even after a crash.

    with Supervisor(say=print) as supervisor:
        supervisor.start(Program("web", ["python", ...], environment))
        supervisor.wait()

Each program leads a separate process group. So Ctrl-C at the terminal reaches only the supervisor,
and a program's child processes stop with it.
"""

import math
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from types import FrameType, TracebackType
from typing import Any, Self

DIE_WITH_PARENT = Path(__file__).parent / "die_with_parent.py"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 8.0
KEPT_LINES = 200
LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class ProgramEndedError(Exception):
    """A program exited unexpectedly. The message contains the last lines of its output."""


@dataclass(frozen=True, slots=True)
class _Child:
    program: Program
    process: "subprocess.Popen[str]"
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))


class Supervisor:
    """Use it in the main thread only: the kernel stops the programs when the thread ends."""

    def __init__(self, *, say: Callable[[str], None], grace_seconds: float = GRACE_SECONDS) -> None:
        self._say = say
        self._grace_seconds = grace_seconds
        self._saying = Lock()
        self._children: list[_Child] = []
        # Events: a child that exited, or a signal number. SimpleQueue.put is reentrant, as a signal
        # handler requires.
        self._events: SimpleQueue[_Child | int] = SimpleQueue()
        self._previous_handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        def note_signal(number: int, _frame: FrameType | None) -> None:
            self._events.put(number)

        for number in STOP_SIGNALS:
            self._previous_handlers[number] = signal.signal(number, note_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)

    def start(self, program: Program) -> None:
        wrapper = [sys.executable, "-I", "-S", str(DIE_WITH_PARENT), str(os.getpid())]
        process = subprocess.Popen(
            [*wrapper, *program.command],
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )
        child = _Child(program, process)
        self._children.append(child)
        Thread(target=self._watch, args=(child,), daemon=True).start()

    def wait(self, *, seconds: float = math.inf) -> bool:
        """Wait for a stop signal. Returns True if one came, False after `seconds`.

        Raises ProgramEndedError if a program exits first.
        """
        deadline = time.monotonic() + seconds
        while (event := self._next_event(seconds=deadline - time.monotonic())) is None:
            if time.monotonic() >= deadline:
                return False
        if isinstance(event, int):
            return True
        status = event.process.wait()
        how = f"with exit status {status}"
        if status < 0:
            how = f"killed by {signal.Signals(-status).name}"
        last_lines = self._lines_of(event)[-LAST_LINES:] or ["(no output)"]
        lines = "\n".join(f"    {line}" for line in last_lines)
        raise ProgramEndedError(
            f"{event.program.name} stopped unexpectedly, {how}. Last lines:\n{lines}"
        )

    def stop(self) -> None:
        """Send SIGTERM to every program, and SIGKILL after `grace_seconds` or a second signal."""
        for child in self._children:
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + self._grace_seconds
        while any(child.process.poll() is None for child in self._children):
            is_signal = isinstance(self._next_event(seconds=0.1), int)
            if is_signal or time.monotonic() > deadline:
                break
        for child in self._children:
            _signal_group(child, signal.SIGKILL)  # also stops processes that the leader left behind
            child.process.wait()
        self._children.clear()

    def has_said(self, name: str, text: str) -> bool:
        """Whether the last lines of a program's output contain the text."""
        return any(text in line for line in self._lines_of(self._child(name)))

    def kill(self, name: str) -> None:
        """Kill one program without warning. `wait` reports it as exited."""
        child = self._child(name)
        _signal_group(child, signal.SIGKILL)
        child.process.wait()

    def _child(self, name: str) -> _Child:
        return next(child for child in self._children if child.program.name == name)

    def _lines_of(self, child: _Child) -> list[str]:
        with self._saying:
            return list(child.lines)

    def _next_event(self, *, seconds: float) -> _Child | int | None:
        # Wait at most a second, because a signal just before the wait doesn't interrupt it.
        with suppress(Empty):
            return self._events.get(timeout=max(0.0, min(seconds, 1.0)))
        return None

    def _watch(self, child: _Child) -> None:
        reader = Thread(target=self._repeat_lines, args=(child,), daemon=True)
        reader.start()
        child.process.wait()
        # Processes that it forked may keep its output open, so don't wait for the end of output.
        reader.join(timeout=1)
        self._events.put(child)

    def _repeat_lines(self, child: _Child) -> None:
        assert child.process.stdout  # noqa: S101 (for the type checker)
        with child.process.stdout as lines:
            for line in lines:
                with self._saying:
                    child.lines.append(line.rstrip())
                    self._say(f"{child.program.name:>10} | {line.rstrip()}")


def _signal_group(child: _Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, number)
