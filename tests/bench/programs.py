"""The programs of a run: started on free ports, ended with it however it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import die_with_parent

REPOSITORY = Path(__file__).resolve().parents[2]
READY_WITHIN_SECONDS = 30.0


class StartFailed(Exception):
    """A program did not come up; the message has its last lines."""


@dataclass(frozen=True)
class Program:
    """A running program that listens on a port of loopback."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=5)


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    *,
    port: int,
    environment: Mapping[str, str],
    log: Path,
    cwd: Path = REPOSITORY,
) -> Iterator[Program]:
    """Start it and wait until it accepts connections. Raises StartFailed."""
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            list(map(str, command)),
            env={"PATH": os.environ["PATH"], **environment},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
            preexec_fn=die_with_parent(),
        )
        program = Program(name, port, process)
        stack.callback(program.stop)
        _wait_until_it_listens(program, log)
        yield program


def web_server(
    name: str, application: str, *, environment: Mapping[str, str], directory: Path, workers: int
) -> "contextmanager[Program]":
    """An application on the server and the settings that the product is deployed with."""
    port = free_port()
    var_dir = directory / name
    var_dir.mkdir(parents=True, exist_ok=True)
    return running(
        name,
        [
            sys.executable,
            "-m",
            "studio_drops.server",
            application,
        ],
        port=port,
        environment={
            **environment,
            "VAR_DIR": str(var_dir),
            "WEB_BIND": f"127.0.0.1:{port}",
            "WEB_WORKERS": str(workers),
        },
        log=var_dir / "log",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_listens(program: Program, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while program.process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", program.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    last_lines = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise StartFailed(
        f"{program.name} did not start within {READY_WITHIN_SECONDS:.0f} s:\n{last_lines}"
    )
