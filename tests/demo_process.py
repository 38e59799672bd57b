"""Start `manage.py demo` as a person would, in a directory and on ports of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg

from local.demo.environment import free_ports, neutral_surroundings

REPOSITORY = Path(__file__).parent.parent
READY_WITHIN_SECONDS = 90
READY = "To stop"


@dataclass
class RunningDemo:
    var_dir: Path
    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, Any]:
        """var/demo.json."""
        return json.loads((self.var_dir / "demo.json").read_text())

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def survivors(self) -> list[str]:
        """The command lines of this demo's programs that still run. Linux alone tells."""
        mark = f"VAR_DIR={self.var_dir}".encode()
        return [
            _read(process / "cmdline").replace(b"\0", b" ").decode()
            for process in Path("/proc").glob("[0-9]*")
            if mark in _read(process / "environ").split(b"\0") and _read(process / "cmdline")
        ]


def start_demo(
    var_dir: Path, *, database_url: str = "", ports: tuple[int, int, int] | None = None
) -> RunningDemo:
    """Returns once everything answers."""
    web_port, local_kick_port, game_server_port = ports or free_ports(3)
    environment = {**neutral_surroundings(), "VAR_DIR": str(var_dir)}
    if database_url:
        environment["DATABASE_URL"] = database_url
    options = (f"--port={web_port}", f"--local-kick-port={local_kick_port}")
    options += (f"--game-server-port={game_server_port}",)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", *options],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    demo = RunningDemo(var_dir, process)
    Thread(target=_collect, args=(demo,), daemon=True).start()
    is_ready = wait_until(
        lambda: any(READY in line for line in demo.lines) or process.poll() is not None,
        seconds=READY_WITHIN_SECONDS,
    )
    if not is_ready or process.poll() is not None:
        process.kill()
        raise AssertionError("The demo did not start:\n" + "\n".join(demo.lines))
    return demo


def database_for_demo(name: str) -> str:
    """A fresh database of the session's cluster, or "" for the demo's own SQLite file."""
    cluster = os.environ["DATABASE_URL"]
    if not cluster.startswith("postgresql:"):
        return ""
    with closing(psycopg.connect(cluster, autocommit=True)) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"')
    return cluster.replace("/postgres?", f"/{name}?")


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def _collect(demo: RunningDemo) -> None:
    assert demo.process.stdout
    with demo.process.stdout as lines:
        demo.lines.extend(line.rstrip() for line in lines)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
