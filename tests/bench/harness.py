"""What a run stands on: a durable PostgreSQL with the product's schema, and programs on demand."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.utils import timezone

from tests.bench import environment
from tests.bench.load import drive
from tests.bench.peers.install import express_peer, fastapi_peer
from tests.bench.programs import REPOSITORY, Program, free_port, running, web_server
from tests.bench.scale import Scale
from tests.bench.traffic import SigningKey, new_signing_key, signed_claims
from tests.postgres import throwaway_cluster

# Enough that every connection of every process has its statements prepared and planned.
WARM_UP_CLAIMS = 600
WARM_UP_CONNECTIONS = 32


class Harness:
    """Programs are started when they are first asked for, and stay until the end of the run."""

    def __init__(
        self, scale: Scale, database_url: str, directory: Path, programs: ExitStack
    ) -> None:
        self.scale = scale
        self.database_url = database_url
        self.directory = directory
        self.workers = int(os.environ.get("WEB_WORKERS", os.cpu_count() or 1))
        self.threads = int(os.environ.get("WEB_THREADS", "4"))
        self.key: SigningKey = new_signing_key()
        self._programs = programs
        self._environment = environment.production(database_url) | {
            "WEB_THREADS": str(self.threads),
            "BENCH_PUBLIC_KEY": self.key.public_pem,
            "BENCH_DATABASE_HOST": environment.socket_directory(database_url),
        }

    @cached_property
    def claims(self) -> list[bytes]:
        """Distinct signed deliveries of viewers who are all linked; the last ones warm up."""
        from tests.bench.rows import make_linked_viewers

        count = self.scale.claims + WARM_UP_CLAIMS
        say(f"signing {count:,} claims")
        make_linked_viewers(count)
        return signed_claims(self.key, count)

    @property
    def measured_claims(self) -> list[bytes]:
        return self.claims[: self.scale.claims]

    @cached_property
    def product(self) -> Program:
        from platforms.kick.models import PublicKey

        PublicKey.objects.create(
            api_url=environment.API_URL, pem=self.key.public_pem, fetched_at=timezone.now()
        )
        return self._on_our_server("product", "studio_drops.wsgi:application")

    def product_on(self, database_url: str) -> Program:
        """The product on a database of its own."""
        return self._on_our_server(
            f"product-on-{_name(database_url)}", "studio_drops.wsgi:application", database_url
        )

    def listing_floor_on(self, database_url: str) -> Program:
        name = f"listing-floor-on-{_name(database_url)}"
        return self._on_our_server(name, "tests.bench.floor:listing", database_url)

    def new_database(self, name: str) -> str:
        """The URL of another, empty database of the same cluster."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.database_url.replace("@/postgres?", f"@/{name}?")

    @cached_property
    def floor(self) -> Program:
        return self._on_our_server("floor", "tests.bench.floor:record")

    @cached_property
    def nothing(self) -> Program:
        return self._on_our_server("nothing", "tests.bench.floor:nothing")

    @cached_property
    def fastapi(self) -> Program:
        python = fastapi_peer()
        port = free_port()
        command = [python, "-m", "uvicorn", "peer:app", "--port", str(port), "--no-access-log"]
        command += ["--workers", str(self.workers), "--log-level", "warning"]
        return self._peer("fastapi", command, port)

    @cached_property
    def express(self) -> Program:
        node = express_peer()
        return self._peer("express", [node, "peer.js"], free_port())

    def at_the_end(self, stop: Callable[[], object]) -> None:
        self._programs.callback(stop)

    def warm_up(self, program: Program) -> None:
        drive(
            program.port,
            self.claims[self.scale.claims :],
            connections=WARM_UP_CONNECTIONS,
        ).expect(200)

    def _on_our_server(self, name: str, application: str, database_url: str = "") -> Program:
        database = {"DATABASE_URL": database_url} if database_url else {}
        return self._programs.enter_context(
            web_server(
                name,
                application,
                environment=self._environment | database,
                directory=self.directory,
                workers=self.workers,
            )
        )

    def _peer(self, name: str, command: list[str | Path], port: int) -> Program:
        own = {
            "BENCH_PORT": str(port),
            "WEB_WORKERS": str(self.workers),
            # So that Node finds what was installed outside of the repository.
            "NODE_ENV": "production",
        }
        return self._programs.enter_context(
            running(
                name,
                command,
                port=port,
                environment=self._environment | own,
                log=self.directory / f"{name}.log",
                cwd=REPOSITORY / "var" / "bench" / name,
            )
        )


@contextmanager
def prepared_harness(scale: Scale, directory: Path) -> Iterator[Harness]:
    with throwaway_cluster(**environment.POSTGRES) as database_url, ExitStack() as programs:
        os.environ |= environment.production(database_url) | {
            "DJANGO_SETTINGS_MODULE": "studio_drops.settings",
            "VAR_DIR": str(directory / "var"),
            "LOG_LEVEL": "ERROR",
            "DATABASE_STATEMENT_TIMEOUT_MS": "0",  # ten million rows take longer than any page
        }
        _set_django_up()
        yield Harness(scale, database_url, directory, programs)


def _set_django_up() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from tests.bench.rows import make_catalogue

    make_catalogue()


def _name(database_url: str) -> str:
    return urlsplit(database_url).path.strip("/")


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)
