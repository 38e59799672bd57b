"""Set up `.venv` from a lock file: `python local/bootstrap.py run|develop|lock`.

The Makefile runs this first, with the machine's own Python. So it uses only the standard library,
imports nothing from this project, and reports common problems with one clear message.
"""

from __future__ import annotations  # so that an old Python gets as far as the error message

import hashlib
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"
STAMP = VENV / ".installed"
OLDEST_PYTHON = (3, 11)

# The lock file to install, then the lock files whose packages it includes at the same versions.
LOCKS = {
    "run": ["requirements.lock"],
    "develop": ["requirements-dev.lock", "requirements.lock"],
}
COMPILE = ["pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
COMPILE += ["--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]


class SetupFailed(Exception):
    """Setup failed. The message says how to fix it."""


def main(arguments: Sequence[str]) -> int:
    try:
        check_python()
        if arguments == ["lock"]:
            make_locks()
        else:
            set_up(LOCKS[arguments[0]])
    except SetupFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def check_python() -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise SetupFailed(
            f"This is Python {version}, but 3.11 or newer is required. Install it, or pass its"
            " path: `make demo PYTHON=/path/to/python3.12`."
        )
    try:
        import ensurepip  # noqa: F401 (Debian ships `venv` without the part that it needs)
    except ImportError:
        raise SetupFailed(
            f"This Python's `venv` module is incomplete. Install the rest"
            f" (on Debian and Ubuntu: `apt install python{version}-venv`) and try again."
        ) from None


def set_up(locks: list[str]) -> None:
    """Install the first lock file into `.venv`. Does nothing if it's installed already."""
    wanted = [digest_of(REPOSITORY / name) for name in locks]
    if wanted[0] in installed_digests() and is_venv_alive():
        return
    if not is_venv_alive():
        say(f"Creating .venv with Python {sys.version.split()[0]} ...")
        make_venv(VENV)
    say(f"Installing {locks[0]} (with hash checking) ...")
    install(VENV, ["--require-hashes", "--no-deps", "-r", str(REPOSITORY / locks[0])])
    STAMP.write_text("\n".join(wanted))


def make_locks() -> None:
    """Update both lock files from pyproject.toml. Pins that still satisfy it are kept."""
    with tempfile.TemporaryDirectory() as directory:
        make_venv(Path(directory))
        install(Path(directory), ["uv"])
        uv = str(Path(directory) / "bin" / "uv")
        groups = ["--group", "test", "--group", "browser", "--group", "check"]
        for output, options in (
            ("requirements.lock", ["--all-extras"]),
            ("requirements-dev.lock", ["--all-extras", *groups, "-c", "requirements.lock"]),
        ):
            say(f"Locking {output} ...")
            run([uv, *COMPILE, *options, "--output-file", output, "pyproject.toml"], "Locking")


def make_venv(directory: Path) -> None:
    try:
        venv.EnvBuilder(with_pip=True, clear=True).create(directory)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupFailed(f"{directory} can't be created: {error}") from error


def install(directory: Path, what: list[str]) -> None:
    pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    if not os.path.isdir(os.environ.get("HOME") or ""):
        pip.append("--no-cache-dir")
    run([*pip, "--disable-pip-version-check", *what], "Installing")


def run(command: list[str], doing: str) -> None:
    if subprocess.run(command, cwd=REPOSITORY, env=environment(), check=False).returncode:
        raise SetupFailed(f"{doing} failed. Fix the error shown above and try again.")


def environment() -> dict[str, str]:
    """The current environment without the variables that point pip away from `.venv`."""
    foreign = {"PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    return {name: value for name, value in os.environ.items() if name not in foreign}


def is_venv_alive() -> bool:
    """Whether `.venv` has a working Python that isn't too old. System upgrades can break it."""
    python = VENV / "bin" / "python"
    check = f"import sys, pip; sys.exit(sys.version_info[:2] < {OLDEST_PYTHON})"
    return (
        python.exists()
        and not subprocess.run(
            [str(python), "-c", check], stderr=subprocess.DEVNULL, check=False
        ).returncode
    )


def installed_digests() -> list[str]:
    return STAMP.read_text().split() if STAMP.exists() else []


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
