"""A production deployment without containers: the same tree, packages, commands and environment.

What Dockerfile and docker-compose.yml say is run as it stands there. Only addresses, paths and
secrets are put in; and the schedule goes faster, because nobody wants to wait a minute for a job.
Where root runs the tests, the programs are without root's power to write where nobody may.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import quote

from local.demo.environment import neutral_surroundings
from tests.postgres import die_with_parent
from tests.production.container_files import (
    REPOSITORY,
    build_step,
    command_of,
    environment_of,
    health_check_of,
    image_environment,
    left_out_of_the_image,
)
from tests.production.image_packages import make_environment

READY_WITHIN_SECONDS = 60
JOBS_SPEED = 10
FASTER_SETTINGS = REPOSITORY / "tests/faster_settings.py"
IMAGE_VAR_DIR = "/var/lib/studio-drops"


@dataclass(frozen=True)
class Addresses:
    """Where this machine has what Compose calls db and broker, and where the web shall listen."""

    database_socket: Path
    broker_port: int
    web_port: int


@dataclass
class Deployment:
    """`root` is the image's /app and `packages` its /opt/venv; all that may be written to is below
    `written`."""

    root: Path
    packages: Path
    written: Path
    env_file: dict[str, str]
    addresses: Addresses
    trusted_authority: Path
    built: dict[str, tuple[int, int]] = field(default_factory=dict)
    processes: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def environment(self, service: str) -> dict[str, str]:
        """What Compose would give the service, at the addresses of this machine."""
        given = environment_of(service, self.env_file)
        return given | {
            "DATABASE_URL": self._put_in(given["DATABASE_URL"]),
            "CELERY_BROKER_URL": self._put_in(given["CELERY_BROKER_URL"]),
            "VAR_DIR": str(self.written / "var"),
            "WEB_BIND": f"127.0.0.1:{self.addresses.web_port}",
            "PATH": given["PATH"].replace("/opt/venv/bin:$PATH", self._search_path()),
            # What is this test's own.
            "DJANGO_SETTINGS_MODULE": FASTER_SETTINGS.stem,
            "PYTHONPATH": str(self.written / "tmp"),
            "TEST_SPEED": str(JOBS_SPEED),
            "REQUESTS_CA_BUNDLE": str(self.trusted_authority),
            "TMPDIR": str(self.written / "tmp"),
            "HOME": "/nonexistent",
            "HOSTNAME": socket.gethostname(),
            # Celery's lines about root, who may run the tests but not the container.
            "PYTHONWARNINGS": "ignore:You're running the worker",
        }

    def build(self) -> None:
        """What `docker build` does; then nobody may write to it."""
        make_environment(self.packages)
        ignored = shutil.ignore_patterns(*left_out_of_the_image())
        shutil.copytree(REPOSITORY, self.root, ignore=ignored)
        for name in ("var", "tmp"):
            (self.written / name).mkdir(parents=True)
        shutil.copy(FASTER_SETTINGS, self.written / "tmp")
        step = build_step().replace("/tmp/build", str(self.written / "tmp/build"))
        path = {"PATH": self._search_path()}
        environment = neutral_surroundings() | image_environment() | path
        subprocess.run(["/bin/sh", "-c", step], cwd=self.root, env=environment, check=True)
        for place in self.root.rglob("*"):
            place.chmod(0o555 if place.is_dir() else 0o444)
        self.root.chmod(0o555)
        self.built = self.tree()

    def tree(self) -> dict[str, tuple[int, int]]:
        """Every file and directory of the image's /app, with its time and size."""
        found = {str(place): place.stat() for place in self.root.rglob("*")}
        return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in found.items()}

    def start(self, service: str) -> None:
        with self.log_of(service).open("ab") as log:
            self.processes[service] = subprocess.Popen(
                [*_obeying_permissions(), *command_of(service)],
                cwd=self.root,
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(),
            )

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=5)

    def run_to_its_end(self, service: str) -> None:
        """A one-off service. Raises CalledProcessError with what it wrote."""
        self._run(command_of(service), self.environment(service))

    def manage(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """`docker compose exec web python manage.py …`"""
        command = ["python", "manage.py", *arguments]
        return self._run(command, self.environment("web") | environment, check=False)

    def is_healthy(self, service: str) -> "subprocess.CompletedProcess[str]":
        """What the service's health check says, made where and as Docker makes it."""
        own = f"127.0.0.1:{self.addresses.web_port}"
        command = [text.replace("127.0.0.1:8000", own) for text in health_check_of(service)]
        return self._run(command, self.environment(service), check=False)

    def log_of(self, service: str) -> Path:
        return self.written / "tmp" / f"{service}.log"

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while not condition():
            ended = [name for name, one in self.processes.items() if one.poll() is not None]
            if ended or time.monotonic() > deadline:
                logs = "\n".join(self.log_of(name).read_text()[-2000:] for name in self.processes)
                raise AssertionError(f"{what} did not come; ended by itself: {ended}\n{logs}")
            time.sleep(0.1)

    def _search_path(self) -> str:
        return f"{self.packages / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def _put_in(self, url: str) -> str:
        database = f"@/drops?host={quote(str(self.addresses.database_socket), safe='')}"
        found = url.replace("@db:5432/drops", database)
        return found.replace("broker:6379", f"127.0.0.1:{self.addresses.broker_port}")

    def _run(
        self, command: list[str], environment: dict[str, str], *, check: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [*_obeying_permissions(), *command],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command[:3]} failed:\n{done.stderr[-3000:]}"
        return done


@cache
def _obeying_permissions() -> tuple[str, ...]:
    """What a command of root's begins with to find a read-only tree read-only, on Linux."""
    power = "-dac_override"
    prefix = ("setpriv", f"--inh-caps={power}", f"--bounding-set={power}", "--")
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return ()
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if tried.returncode == 0 else ()
