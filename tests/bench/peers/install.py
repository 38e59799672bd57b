"""Installs the peers under var/bench, once; what the machine lacks is said, not skipped over."""

import hashlib
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

PEERS = Path(__file__).parent
INSTALLED = PEERS.parents[2] / "var" / "bench"


class PeerMissing(Exception):
    """A peer cannot be run here; the message says what it needs."""


def fastapi_peer() -> Path:
    """The Python that runs it. Raises PeerMissing."""
    directory = INSTALLED / "fastapi"
    python = directory / "venv" / "bin" / "python"
    requirements = PEERS / "fastapi" / "requirements.txt"
    if not _is_installed(directory, requirements):
        venv.EnvBuilder(with_pip=True, clear=True).create(directory / "venv")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run("FastAPI and SQLAlchemy", [*pip, "-r", requirements], directory)
        _note_installed(directory, requirements)
    shutil.copy(PEERS / "fastapi" / "peer.py", directory)
    return python


def express_peer() -> Path:
    """The node that runs it. Raises PeerMissing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise PeerMissing("Express needs Node.js with npm, of version 20 or newer, in PATH.")
    directory = INSTALLED / "express"
    lock = PEERS / "express" / "package-lock.json"
    if not _is_installed(directory, lock):
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PEERS / "express" / name, directory)
        _run("Express and pg", [npm, "ci", "--silent", "--no-audit", "--no-fund"], directory)
        _note_installed(directory, lock)
    shutil.copy(PEERS / "express" / "peer.js", directory)
    return Path(node)


def _run(what: str, command: Sequence[str | Path], directory: Path) -> None:
    try:
        done = subprocess.run(
            list(map(str, command)),
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerMissing(f"{what} could not be installed: {error}") from error
    if done.returncode:
        last_line = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PeerMissing(f"{what} could not be installed: {last_line}")


def _is_installed(directory: Path, lock: Path) -> bool:
    stamp = directory / "installed"
    return stamp.exists() and stamp.read_text() == _digest(lock)


def _note_installed(directory: Path, lock: Path) -> None:
    (directory / "installed").write_text(_digest(lock))


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
