"""The key cache, over a real socket; several objects on one row stand for several processes."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from platforms.kick.models import PublicKey
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.http import new_http
from platforms.kick.public_keys import NoPublicKey, PublicKeys
from tests.platforms.kick.protocol.keys import delivery_signed_by, pem_of, private_key
from tests.platforms.kick.protocol.scripted_server import (
    Answer,
    ScriptedServer,
    drip,
    hang_up,
    reply,
    stay_silent,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)
OLD, NEW = private_key("kick"), private_key("kick, rotated")
FORGERY = delivery_signed_by(private_key("forger"))

MakeKeys = Callable[..., PublicKeys]


def seconds_later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def key_answer(pem: str) -> Answer:
    return reply(200, {"data": {"public_key": pem}, "message": "OK"})


@pytest.fixture
def make_keys(server: ScriptedServer) -> MakeKeys:
    """Makes caches, one for each process."""

    def make(url: str = server.url) -> PublicKeys:
        api = KickApi(api_url=url, http=new_http(), app_token=lambda fresh: "")
        return PublicKeys(api_url=url, fetch=api.public_key)

    return make


@pytest.fixture
def keys(make_keys: MakeKeys, server: ScriptedServer) -> PublicKeys:
    """A cache that has the old key, fetched just now."""
    server.script(key_answer(pem_of(OLD)))
    keys = make_keys()
    assert keys.verify(delivery_signed_by(OLD), now=NOW)
    return keys


def test_first_delivery_fetches_the_key_once(keys: PublicKeys, server: ScriptedServer) -> None:
    for _ in range(5):
        assert keys.verify(delivery_signed_by(OLD), now=NOW)

    assert len(server.seen) == 1


def test_another_process_takes_the_key_from_the_row(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    assert make_keys().verify(delivery_signed_by(OLD), now=seconds_later(3600))

    assert len(server.seen) == 1


def test_rotation_heals_within_one_delivery(keys: PublicKeys, server: ScriptedServer) -> None:
    server.script(key_answer(pem_of(NEW)))

    assert keys.verify(delivery_signed_by(NEW), now=seconds_later(1))
    assert not keys.verify(delivery_signed_by(OLD), now=seconds_later(2))
    assert len(server.seen) == 2


def test_rotation_that_another_process_has_noticed_costs_no_fetch(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    server.script(key_answer(pem_of(NEW)))
    assert make_keys().verify(delivery_signed_by(NEW), now=seconds_later(1))

    assert keys.verify(delivery_signed_by(NEW), now=seconds_later(2))
    assert len(server.seen) == 2


def test_flood_of_forgeries_costs_a_fetch_every_five_seconds(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    processes = [keys, make_keys(), make_keys()]

    for second in range(150):
        for process in processes:
            assert not process.verify(FORGERY, now=seconds_later(second))

    assert len(server.seen) == 1 + 150 / 5


def test_rotation_under_a_flood_heals_within_five_seconds(
    keys: PublicKeys, server: ScriptedServer
) -> None:
    assert not keys.verify(FORGERY, now=NOW)
    server.script(key_answer(pem_of(NEW)))

    healed = [keys.verify(delivery_signed_by(NEW), now=seconds_later(s)) for s in (1, 4.9, 5)]

    assert healed == [False, False, True]


def test_verifying_with_a_known_key_uses_no_database(keys: PublicKeys) -> None:
    with CaptureQueriesContext(connection) as queries:
        for second in range(0, 23 * 3600, 600):
            assert keys.verify(delivery_signed_by(OLD), now=seconds_later(second))

    assert len(queries) == 0


def test_a_flood_of_five_seconds_costs_a_process_one_statement(
    keys: PublicKeys, make_keys: MakeKeys
) -> None:
    process = make_keys()
    assert not keys.verify(FORGERY, now=NOW)

    with CaptureQueriesContext(connection) as queries:
        for second in range(5):
            assert not process.verify(FORGERY, now=seconds_later(second))

    assert len(queries) == 1


@pytest.mark.django_db(transaction=True)
def test_flood_by_many_threads_costs_one_fetch(keys: PublicKeys, server: ScriptedServer) -> None:
    verdicts = at_once([partial(keys.verify, FORGERY, now=seconds_later(1))] * 12)

    assert verdicts == [False] * 12
    assert len(server.seen) == 2


@pytest.mark.django_db(transaction=True)
def test_rotation_met_by_many_threads_refuses_none(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    processes = [keys, make_keys(), make_keys()]
    server.script(key_answer(pem_of(NEW)))

    verdicts = at_once(
        [
            # Clocks are read a moment apart.
            partial(process.verify, delivery_signed_by(NEW), now=seconds_later(1 + number / 1000))
            for number, process in enumerate(processes * 4)
        ]
    )

    assert verdicts == [True] * 12
    assert len(server.seen) <= 1 + len(processes)


@pytest.mark.django_db(transaction=True)
def test_first_key_met_by_many_processes_is_used_by_all(
    make_keys: MakeKeys, server: ScriptedServer
) -> None:
    server.script(key_answer(pem_of(OLD)))

    verdicts = at_once(
        [partial(make_keys().verify, delivery_signed_by(OLD), now=NOW) for _ in range(6)]
    )

    assert verdicts == [True] * 6
    assert PublicKey.objects.get().pem == pem_of(OLD)


@pytest.mark.parametrize(
    "fault",
    [
        reply(500),
        reply(200, b"{"),
        reply(200, b"<html>"),
        hang_up,
        key_answer("no key"),
        key_answer(pem_of(private_key("short", bits=1024))),
    ],
)
def test_last_good_key_serves_on_when_kick_fails(
    keys: PublicKeys, server: ScriptedServer, fault: Answer
) -> None:
    server.script(fault)

    assert not keys.verify(FORGERY, now=seconds_later(1))
    assert keys.verify(delivery_signed_by(OLD), now=seconds_later(2))
    assert keys.verify(delivery_signed_by(OLD), now=seconds_later(3 * 24 * 3600))
    assert PublicKey.objects.get().pem == pem_of(OLD)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", [stay_silent, drip])
def test_requests_do_not_pile_up_behind_a_slow_fetch(
    keys: PublicKeys, server: ScriptedServer, fault: Answer
) -> None:
    server.script(fault)

    def flood() -> float:
        began_at = monotonic()
        for _ in range(20):
            assert not keys.verify(FORGERY, now=seconds_later(1))
        return monotonic() - began_at

    def genuine() -> float:
        began_at = monotonic()
        for _ in range(20):
            assert keys.verify(delivery_signed_by(OLD), now=seconds_later(1))
        return monotonic() - began_at

    *floods, of_the_genuine = at_once([flood] * 5 + [genuine])

    *others, of_the_fetch = sorted(floods)
    assert 1.8 < of_the_fetch < 6
    assert 0.9 < max(others) < 1.6
    assert of_the_genuine < 0.9
    assert len(server.seen) == 2


def test_an_old_key_is_fetched_again(keys: PublicKeys, server: ScriptedServer) -> None:
    tomorrow = seconds_later(24 * 3600)
    server.script(key_answer(pem_of(NEW)))

    assert keys.verify(delivery_signed_by(OLD), now=tomorrow)

    assert not keys.verify(delivery_signed_by(OLD), now=tomorrow)
    shared = PublicKey.objects.get()
    assert (shared.pem, shared.fetched_at) == (pem_of(NEW), tomorrow)


def test_an_old_key_is_asked_for_once_a_minute_while_kick_is_down(
    keys: PublicKeys, server: ScriptedServer
) -> None:
    server.script(reply(500))

    for second in range(24 * 3600, 24 * 3600 + 130, 5):
        assert keys.verify(delivery_signed_by(OLD), now=seconds_later(second))

    assert len(server.seen) == 1 + 3


def test_never_had_a_key(make_keys: MakeKeys, server: ScriptedServer) -> None:
    server.script(reply(500))
    keys = make_keys()

    for second in (0, 1, 4.9):
        with pytest.raises(NoPublicKey):
            keys.verify(delivery_signed_by(OLD), now=seconds_later(second))
    assert len(server.seen) == 1

    server.script(key_answer(pem_of(OLD)))
    assert keys.verify(delivery_signed_by(OLD), now=seconds_later(5))


def test_a_key_of_another_host_is_not_used(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    moved = make_keys(url=server.url.replace("127.0.0.1", "localhost"))
    server.script(reply(500))

    with pytest.raises(NoPublicKey):
        moved.verify(delivery_signed_by(OLD), now=seconds_later(1))


@pytest.fixture
def broken_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every statement fails, as it does while the database is down."""

    def fail(*_: object) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(connection, "cursor", fail)


@pytest.mark.usefixtures("broken_database")
def test_without_a_database_each_process_goes_on_in_memory(
    make_keys: MakeKeys, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    keys = make_keys()
    server.script(key_answer(pem_of(OLD)), key_answer(pem_of(NEW)))

    assert keys.verify(delivery_signed_by(OLD), now=NOW)
    assert keys.verify(delivery_signed_by(NEW), now=seconds_later(1))
    for second in range(2, 6):
        assert not keys.verify(FORGERY, now=seconds_later(second))
    assert len(server.seen) == 2
    assert "public_key_not_shared" in caplog.text


def test_a_row_that_is_older_than_the_key_is_not_used(
    keys: PublicKeys, server: ScriptedServer
) -> None:
    """As after a write that failed."""
    PublicKey.objects.update(pem=pem_of(NEW), fetched_at=seconds_later(-1))

    assert not keys.verify(delivery_signed_by(NEW), now=seconds_later(1))

    assert PublicKey.objects.get().pem == pem_of(OLD)
    assert len(server.seen) == 2


def test_a_clock_set_back_does_not_stop_fetching(keys: PublicKeys, server: ScriptedServer) -> None:
    assert not keys.verify(FORGERY, now=seconds_later(1))
    server.script(key_answer(pem_of(NEW)))

    assert keys.verify(delivery_signed_by(NEW), now=seconds_later(-3600))


def test_what_is_logged_names_outcomes_and_no_signature(
    keys: PublicKeys, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.script(reply(500))

    keys.verify(FORGERY, now=seconds_later(1))

    assert "public_key_not_fetched" in caplog.messages
    assert FORGERY.signature not in caplog.text


def test_a_row_with_an_unusable_key_does_not_stop_fetching(
    keys: PublicKeys, server: ScriptedServer
) -> None:
    PublicKey.objects.update(pem="not a key", fetched_at=seconds_later(60))
    server.script(key_answer(pem_of(NEW)))

    assert keys.verify(delivery_signed_by(NEW), now=seconds_later(61))
