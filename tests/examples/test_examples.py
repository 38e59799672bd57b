"""Each example server delivers over a real socket what the product pushes and lists.

An example whose toolchain isn't on this machine is skipped, and says so.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.tokens import decrypt
from claims.api_keys import make_api_key
from claims.models import Entitlement, WebhookEndpoint
from claims.webhooks import pushing
from claims.webhooks.pushing import push_webhooks
from claims.webhooks.signing import make_shared_secret
from examples.python.game_server import verify
from local.demo.environment import REPOSITORY, free_ports
from tests.demo_process import wait_until
from tests.factories import make_endpoint, make_entitlement, make_player

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = {
    "python": [sys.executable, "examples/python/game_server.py"],
    "node": ["node", "examples/node/game-server.mjs"],
}
SLOWEST_START_SECONDS = 20


class Example:
    def __init__(self, port: int, lines: list[str], kill: Callable[[], None]) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.lines = lines
        self.kill = kill

    @property
    def deliveries(self) -> int:
        return sum("delivered" in line and "not delivered" not in line for line in self.lines)


@pytest.fixture(params=EXAMPLES)
def command(request: Any) -> list[str]:
    command = EXAMPLES[request.param]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} isn't on this machine: THE EXAMPLE WAS NOT RUN")
    return command


@contextmanager
def running(command: list[str], directory: Path, live_server: Any) -> Iterator[Example]:
    """The example with its database in `directory`, and its endpoint in the product."""
    (port,) = free_ports(1)
    _, key = make_api_key(name="example", categories=[], now=timezone.now())
    endpoint = WebhookEndpoint.objects.first() or make_endpoint()
    WebhookEndpoint.objects.update(url=f"http://127.0.0.1:{port}/")
    environment = {
        "PATH": os.environ["PATH"],
        "DROPS_URL": live_server.url,
        "DROPS_KEY": key,
        "DROPS_SECRET": decrypt(endpoint.encrypted_secret),
        "PORT": str(port),
        "DATABASE": str(directory / "game"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    assert process.stdout
    output = process.stdout
    reader = Thread(target=lambda: lines.extend(iter(output.readline, "")))
    reader.start()
    try:
        assert wait_until(
            lambda: any("listening" in line for line in lines), seconds=SLOWEST_START_SECONDS
        ), lines
        yield Example(port, lines, process.kill)
    finally:
        process.kill()
        process.wait()
        reader.join()
        output.close()


@pytest.fixture(autouse=True)
def short_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "AT_A_STRETCH", pushing.AT_A_STRETCH / 25)


def test_example_delivers_what_is_pushed_once(
    command: list[str], tmp_path: Path, live_server: Any
) -> None:
    with running(command, tmp_path, live_server) as example:
        given = [make_entitlement(player=make_player()) for _ in range(3)]
        push_webhooks(clock=timezone.now)
        assert wait_until(lambda: example.deliveries == 3, seconds=10), example.lines

        # Everything again.
        Entitlement.objects.update(announced_in=None)
        push_webhooks(clock=timezone.now)
        time.sleep(0.3)

        assert example.deliveries == 3
    statuses = Entitlement.objects.filter(pk__in=[one.pk for one in given])
    assert set(statuses.values_list("status", flat=True)) == {"FULFILLED"}


def test_example_finds_at_its_start_what_it_missed(
    command: list[str], tmp_path: Path, live_server: Any
) -> None:
    make_entitlement()

    with running(command, tmp_path, live_server) as example:
        assert wait_until(lambda: example.deliveries == 1, seconds=10), example.lines


def test_example_refuses_a_forged_message(
    command: list[str], tmp_path: Path, live_server: Any
) -> None:
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": "v1,AAAA v1,////",
    }
    with running(command, tmp_path, live_server) as example:
        forged = requests.post(example.url, data=b"{}", headers=headers, timeout=10)
        unsigned = requests.post(example.url, data=b"{}", timeout=10)

    assert (forged.status_code, unsigned.status_code) == (400, 400)


def test_python_example_verifies_what_the_specification_s_library_signs() -> None:
    secret, now = make_shared_secret(), datetime.now(UTC)
    body = '{"type": "webhook.test", "data": {"name": "Zoë"}}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1,bm90aGluZw== {Webhook(secret).sign('msg_1', now, body)}",
    }

    assert verify(secret, headers, body.encode())["data"] == {"name": "Zoë"}
    with pytest.raises(ValueError, match="doesn't match"):
        verify(secret, headers, body.encode() + b" ")
    with pytest.raises(ValueError, match="too old"):
        verify(secret, headers | {"webhook-timestamp": "1700000000"}, body.encode())
