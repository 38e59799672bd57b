"""Worker and scheduler as processes, on each broker that this machine has.

What the database says is due gets done on each of them, also after the broker has lost everything
and a worker was killed: a message is only a wake-up.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from kombu import Connection

from claims.models import Claim, RewardItem
from tests.claims.ledger_assertions import receive, record
from tests.factories import make_account, make_campaign, make_item, make_player, make_reward
from tests.postgres import die_with_parent
from tests.session import report_missing

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]
DONE_WITHIN_SECONDS = 30
RABBITMQ = ("127.0.0.1", 5672)


@dataclass
class Broker:
    url: str
    var_dir: Path
    wipe: Callable[[], object]
    queue: str = field(default_factory=lambda: f"tests-{uuid.uuid4().hex}")

    def environment(self) -> dict[str, str]:
        """For a worker or scheduler of this deployment, a minute of whose schedule is a second."""
        return os.environ | {
            "CELERY_BROKER_URL": self.url,
            "CELERY_QUEUE": self.queue,
            "DATABASE_URL": database_url(),
            "VAR_DIR": str(self.var_dir),
            "DJANGO_SETTINGS_MODULE": "tests.faster_settings",
            "TEST_SPEED": "60",
            "KICK_ID_URL": "http://127.0.0.1:1",
            "KICK_API_URL": "http://127.0.0.1:1",
        }


def database_url() -> str:
    """Of the database that this very test uses."""
    url, name = urlsplit(os.environ["DATABASE_URL"]), connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return url._replace(path=f"/{name}").geturl()


# A broker for more than one machine goes with PostgreSQL.
@pytest.fixture(
    params=[
        "filesystem",
        pytest.param("redis", marks=pytest.mark.postgresql),
        pytest.param("rabbitmq", marks=pytest.mark.postgresql),
    ]
)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    make = {"filesystem": filesystem, "redis": redis, "rabbitmq": rabbitmq}[request.param]
    with make(tmp_path) as broker:
        yield broker


@contextmanager
def filesystem(tmp_path: Path) -> Iterator[Broker]:
    queue = tmp_path / "queue"
    yield Broker(
        "filesystem://localhost", tmp_path, lambda: [f.unlink() for f in queue.glob("*.msg")]
    )


@contextmanager
def redis(tmp_path: Path) -> Iterator[Broker]:
    server = shutil.which("redis-server")
    if server is None:
        skip_loudly("no redis-server was found in PATH")
    port = free_port()
    command = [server, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", tmp_path]
    with running(command, env=dict(os.environ)):
        wait_for(lambda: can_connect(("127.0.0.1", port)), "Redis to listen")
        flush = ["redis-cli", "-p", str(port), "FLUSHALL"]
        yield Broker(
            f"redis://127.0.0.1:{port}/0", tmp_path, lambda: subprocess.run(flush, check=True)
        )


@contextmanager
def rabbitmq(tmp_path: Path) -> Iterator[Broker]:
    if not can_connect(RABBITMQ):
        skip_loudly("no RabbitMQ listens on 127.0.0.1:5672")
    url = "amqp://guest:guest@127.0.0.1:5672//"
    with Connection(url) as rabbit:
        channel = rabbit.default_channel
        broker = Broker(url, tmp_path, lambda: channel.queue_purge(broker.queue))
        yield broker
        channel.queue_delete(broker.queue)


def skip_loudly(what: str) -> None:
    report_missing(f"{what}: Celery is not tested on it")
    pytest.skip(what)


def test_what_is_due_gets_done_and_done_again_after_the_broker_lost_everything(
    broker: Broker,
) -> None:
    environment = broker.environment()
    with ExitStack() as processes:
        processes.enter_context(celery("beat", environment))
        with celery("worker", environment) as worker:
            hold_a_claim_that_can_be_granted("first")
            wait_for(lambda: is_granted("first"), "the first claim to be healed")
            worker.kill()
        broker.wipe()
        hold_a_claim_that_can_be_granted("second")

        processes.enter_context(celery("worker", environment))

        wait_for(lambda: is_granted("second"), "the second claim to be healed")


def hold_a_claim_that_can_be_granted(claim_id: str) -> None:
    reward = make_reward()
    make_account(user_id=str(hash(claim_id) % 10**9), player=make_player())
    user_id = str(hash(claim_id) % 10**9)
    record(receive(make_campaign(rewards=[reward]), claim_id=claim_id, user_id=user_id))
    RewardItem.objects.create(reward=reward, item=make_item(), quantity=1)


def is_granted(claim_id: str) -> bool:
    return Claim.objects.get(pk=claim_id).status == Claim.Status.GRANTED


@contextmanager
def celery(role: str, environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    options = {"worker": ["--pool=solo"], "beat": ["--pidfile="]}[role]
    command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "studio_drops", role, *options]
    with running(command, env=environment) as process:
        yield process


@contextmanager
def running(command: list[object], *, env: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    log = Path(settings.VAR_DIR) / "brokers.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=out, stderr=out, preexec_fn=die_with_parent()
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DONE_WITHIN_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            log = (Path(settings.VAR_DIR) / "brokers.log").read_text(errors="replace")
            raise AssertionError(f"Waited {DONE_WITHIN_SECONDS} s for {what}.\n{log[-3000:]}")
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def can_connect(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0
