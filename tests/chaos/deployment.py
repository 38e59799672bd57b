"""Where a run lives: its directory, its ports, and what is started in it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.demo.environment import LOOPBACK, Environment, free_ports, neutral_surroundings
from local.demo.supervisor import Program
from tests.chaos.fleet import Process
from tests.chaos.options import Options
from tests.postgres import Cluster, prepared_cluster

REDIS_SERVERS = ("redis-server", "valkey-server")
SETTINGS = "tests.faster_settings"
# Killed and started again on the same files, so what it has acknowledged must be on the disk.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@dataclass(frozen=True, slots=True)
class Deployment:
    directory: Path
    place: Environment
    cluster: Cluster
    broker: Program | None

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def broker_name(self) -> str:
        return Path(self.broker.command[0]).name if self.broker else "filesystem"

    def start_postgresql(self) -> Process:
        return self.cluster.start(**DURABLE)

    def programs_before(self) -> Iterator[Program]:
        """What has to be there before the product is."""
        if self.broker:
            yield self.broker
        yield self.place.local_kick()

    def programs(self) -> Iterator[Program]:
        """The product."""
        yield from (self.place.web(), self.place.worker(), self.place.scheduler())

    def wipe_broker(self) -> None:
        """Take away whatever the broker has stored."""
        for folder in (self.directory / "broker", self.place.var_dir / "queue"):
            if folder.exists():
                shutil.rmtree(folder)
                folder.mkdir()

    def keep_postgresql_log(self) -> None:
        if self.cluster.log.exists():
            shutil.copy(self.cluster.log, self.logs / "postgresql.log")


@contextmanager
def prepared_deployment(
    options: Options, directory: Path, *, say: Callable[[str], None]
) -> Iterator[Deployment]:
    """Everything in place and nothing running. Raises NoPostgres."""
    (directory / "logs").mkdir()
    *ports, broker_port = free_ports(4)
    with prepared_cluster() as cluster:
        broker = _broker(directory / "broker", broker_port)
        surroundings = neutral_surroundings() | {
            "DATABASE_URL": cluster.url,
            "TEST_SPEED": f"{options.speed:g}",
            "TEST_WITHOUT_JOBS": "" if options.sweeps else "sweep",
            "LOG_FORMAT": "json",
            "DJANGO_SETTINGS_MODULE": SETTINGS,
        }
        if broker:
            surroundings["CELERY_BROKER_URL"] = f"redis://{LOOPBACK}:{broker_port}/0"
        else:
            say("NO REDIS WAS FOUND on this machine: Celery's filesystem transport is tested.")
        place = Environment(directory / "var", *ports, surroundings)
        place.var_dir.mkdir()
        yield Deployment(directory, place, cluster, broker)


def _broker(directory: Path, port: int) -> Program | None:
    server = next(filter(None, map(shutil.which, REDIS_SERVERS)), None)
    if server is None:
        return None
    directory.mkdir()
    options = ["--bind", LOOPBACK, "--port", str(port), "--dir", str(directory)]
    durable = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
    return Program("broker", [server, *options, *durable], neutral_surroundings())
