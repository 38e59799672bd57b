"""The key cache, over a real socket; several objects on one file stand for several processes."""

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from platforms.kick.key_file import KeyFile, KeyRecord, Version
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

NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)
OLD, NEW = private_key("kick"), private_key("kick, rotated")
FORGERY = delivery_signed_by(private_key("forger"))

MakeKeys = Callable[..., PublicKeys]


def seconds_later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def key_answer(pem: str) -> Answer:
    return reply(200, {"data": {"public_key": pem}, "message": "OK"})


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "kick-public-key.json")


@pytest.fixture
def make_keys(server: ScriptedServer, file: KeyFile) -> MakeKeys:
    """A maker of caches, each as another process of this machine would have it."""

    def make(url: str = server.url, file: KeyFile = file) -> PublicKeys:
        api = KickApi(api_url=url, http=new_http(), app_token=lambda fresh: "")
        return PublicKeys(api_url=url, fetch=api.public_key, file=file)

    return make


@pytest.fixture
def keys(make_keys: MakeKeys, server: ScriptedServer) -> PublicKeys:
    """A cache that has the old key, fetched just now."""
    server.script(key_answer(pem_of(OLD)))
    keys = make_keys()
    assert keys.verify(delivery_signed_by(OLD), now=NOW)
    return keys


def wait_until(is_so: Callable[[], bool]) -> None:
    until = monotonic() + 5
    while not is_so():
        assert monotonic() < until, "it never came to be"
        threading.Event().wait(0.005)


def is_fetching() -> bool:
    return "kick-public-key" in {thread.name for thread in threading.enumerate()}


def test_first_delivery_fetches_the_key_once(keys: PublicKeys, server: ScriptedServer) -> None:
    for _ in range(5):
        assert keys.verify(delivery_signed_by(OLD), now=NOW)

    assert len(server.seen) == 1


def test_another_process_takes_the_key_from_the_file(
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


def test_flood_of_forgeries_costs_one_fetch_a_minute(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    processes = [keys, make_keys(), make_keys()]

    for second in range(150):
        for process in processes:
            assert not process.verify(FORGERY, now=seconds_later(second))

    assert len(server.seen) == 1 + 3  # the first, and one in each minute begun


def test_rotation_under_a_flood_heals_within_a_minute(
    keys: PublicKeys, server: ScriptedServer
) -> None:
    assert not keys.verify(FORGERY, now=NOW)
    server.script(key_answer(pem_of(NEW)))

    healed = [keys.verify(delivery_signed_by(NEW), now=seconds_later(s)) for s in (1, 59, 60)]

    assert healed == [False, False, True]


def run_together(deliveries: list[Callable[[], bool]]) -> list[bool]:
    """The verdicts of deliveries that all arrive at once, each in a thread of its own."""
    start = threading.Barrier(len(deliveries))
    verdicts: list[bool] = []

    def deliver(verify: Callable[[], bool]) -> None:
        start.wait()
        verdicts.append(verify())

    threads = [threading.Thread(target=deliver, args=(verify,)) for verify in deliveries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return verdicts


def test_flood_by_many_threads_costs_one_fetch(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    processes = [keys, make_keys(), make_keys()] * 4

    verdicts = run_together(
        [partial(process.verify, FORGERY, now=seconds_later(1)) for process in processes]
    )

    assert verdicts == [False] * 12
    assert len(server.seen) == 2


def test_rotation_met_by_many_threads_refuses_none(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    processes = [keys, make_keys(), make_keys()] * 4
    server.script(key_answer(pem_of(NEW)))

    verdicts = run_together(
        [
            # Clocks are read a moment apart.
            partial(process.verify, delivery_signed_by(NEW), now=seconds_later(1 + number / 1000))
            for number, process in enumerate(processes)
        ]
    )

    assert verdicts == [True] * 12
    assert len(server.seen) == 2


def test_first_key_met_by_many_processes_is_fetched_once(
    make_keys: MakeKeys, server: ScriptedServer
) -> None:
    server.script(key_answer(pem_of(OLD)))

    verdicts = run_together(
        [partial(make_keys().verify, delivery_signed_by(OLD), now=NOW) for _ in range(6)]
    )

    assert verdicts == [True] * 6
    assert len(server.seen) == 1


def test_a_key_that_came_while_waiting_for_the_lock_costs_no_fetch(
    keys: PublicKeys, server: ScriptedServer, file: KeyFile
) -> None:
    verdicts: list[bool] = []
    deliver = threading.Thread(
        target=lambda: verdicts.append(keys.verify(delivery_signed_by(NEW), now=seconds_later(1)))
    )

    with file.locked():
        deliver.start()
        wait_until(is_fetching)
        file.write(KeyRecord(server.url, pem_of(NEW), fetched_at=NOW.timestamp()))
    deliver.join()

    assert verdicts == [True]
    assert len(server.seen) == 1


def test_a_lock_that_is_never_released_holds_no_request_up(keys: PublicKeys, file: KeyFile) -> None:
    begun_at = monotonic()

    with file.locked():
        assert not keys.verify(FORGERY, now=seconds_later(1))

    assert monotonic() - begun_at < 3
    wait_until(lambda: not is_fetching())


class CountingFile(KeyFile):
    reads = looks = 0

    def read(self) -> KeyRecord:
        self.reads += 1
        return super().read()

    def version(self) -> Version | None:
        self.looks += 1
        return super().version()


@pytest.mark.usefixtures("keys")
def test_the_file_is_read_only_when_it_has_changed(make_keys: MakeKeys, file: KeyFile) -> None:
    counting = CountingFile(file.path)
    reader = make_keys(file=counting)
    reads = []

    for second, content in enumerate((file.path.read_text(), "corrupt", file.path.read_text())):
        file.path.write_text(content)
        for _ in range(10):
            assert reader.verify(delivery_signed_by(OLD), now=seconds_later(second))
        reads.append(counting.reads)

    assert reads == [1, 2, 3]


@pytest.mark.usefixtures("keys")
def test_the_file_is_looked_at_once_a_second_while_its_key_verifies(
    make_keys: MakeKeys, file: KeyFile
) -> None:
    counting = CountingFile(file.path)
    reader = make_keys(file=counting)
    assert reader.verify(delivery_signed_by(OLD), now=NOW)
    counting.looks = 0

    for tenth in range(25):
        assert reader.verify(delivery_signed_by(OLD), now=seconds_later(tenth / 10))

    assert counting.looks == 2


def test_a_key_that_another_process_has_just_written_verifies_at_once(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    reader, at = make_keys(), seconds_later(1)
    assert reader.verify(delivery_signed_by(OLD), now=at)
    server.script(key_answer(pem_of(NEW)))
    assert keys.verify(delivery_signed_by(NEW), now=at)

    assert reader.verify(delivery_signed_by(NEW), now=at)
    assert len(server.seen) == 2


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


@pytest.mark.parametrize("fault", [stay_silent, drip])
def test_no_request_waits_longer_than_a_second(
    keys: PublicKeys, server: ScriptedServer, fault: Answer
) -> None:
    server.script(fault)
    begun_at = monotonic()

    assert not keys.verify(FORGERY, now=seconds_later(1))
    assert not keys.verify(FORGERY, now=seconds_later(2.5))

    assert 0.9 < monotonic() - begun_at < 1.9


def test_a_late_answer_is_kept(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    may_answer = threading.Event()

    def answer_late(exchange: object) -> None:
        may_answer.wait(5)
        key_answer(pem_of(NEW))(exchange)

    server.script(answer_late)
    assert not keys.verify(delivery_signed_by(NEW), now=seconds_later(1))

    may_answer.set()

    wait_until(lambda: keys.verify(delivery_signed_by(NEW), now=seconds_later(30)))
    assert make_keys().verify(delivery_signed_by(NEW), now=seconds_later(30))


def test_a_late_answer_does_not_replace_a_later_one(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer, file: KeyFile
) -> None:
    may_answer, has_answered = threading.Event(), threading.Event()

    def answer_late(exchange: object) -> None:
        may_answer.wait(5)
        key_answer(pem_of(OLD))(exchange)
        has_answered.set()

    server.script(answer_late, key_answer(pem_of(NEW)))
    assert not keys.verify(delivery_signed_by(NEW), now=seconds_later(1))
    assert make_keys().verify(delivery_signed_by(NEW), now=seconds_later(70))

    may_answer.set()
    has_answered.wait(5)
    wait_until(lambda: not is_fetching())

    assert file.read().pem == pem_of(NEW)
    assert keys.verify(delivery_signed_by(NEW), now=seconds_later(80))
    assert len(server.seen) == 3


def test_an_old_key_is_refreshed_beside_the_request(
    keys: PublicKeys, server: ScriptedServer, file: KeyFile
) -> None:
    tomorrow = seconds_later(24 * 3600)
    may_answer = threading.Event()

    def answer_late(exchange: object) -> None:
        may_answer.wait(5)
        key_answer(pem_of(NEW))(exchange)

    server.script(answer_late)
    begun_at = monotonic()
    assert keys.verify(delivery_signed_by(OLD), now=tomorrow)
    waited = monotonic() - begun_at

    may_answer.set()

    wait_until(lambda: file.read().pem == pem_of(NEW))
    assert waited < 0.9  # a second is what a request may wait for a key at all
    assert file.read().fetched_at == tomorrow.timestamp()


def test_an_old_key_is_asked_for_once_a_minute_while_kick_is_down(
    keys: PublicKeys, server: ScriptedServer
) -> None:
    server.script(reply(500))

    for second in range(24 * 3600, 24 * 3600 + 130, 5):
        assert keys.verify(delivery_signed_by(OLD), now=seconds_later(second))
        wait_until(lambda: not is_fetching())

    assert len(server.seen) == 1 + 3


def test_never_had_a_key(make_keys: MakeKeys, server: ScriptedServer) -> None:
    server.script(reply(500))
    keys = make_keys()

    for second in (0, 1, 59):
        with pytest.raises(NoPublicKey):
            keys.verify(delivery_signed_by(OLD), now=seconds_later(second))
    assert len(server.seen) == 1

    server.script(key_answer(pem_of(OLD)))
    assert keys.verify(delivery_signed_by(OLD), now=seconds_later(60))


def test_a_key_of_another_host_is_not_used(
    keys: PublicKeys, make_keys: MakeKeys, server: ScriptedServer
) -> None:
    moved = make_keys(url=server.url.replace("127.0.0.1", "localhost"))
    server.script(reply(500))

    with pytest.raises(NoPublicKey):
        moved.verify(delivery_signed_by(OLD), now=seconds_later(1))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"api_url": "x"}',
        json.dumps({"api_url": "x", "pem": 5, "fetched_at": 0, "tried_at": 0, "is_settled": 1}),
        json.dumps({"api_url": "x", "pem": "", "fetched_at": 0, "tried_at": "", "is_settled": 1}),
        json.dumps({"api_url": "x", "pem": "a", "fetched_at": 0, "tried_at": 0, "is_settled": 1}),
    ],
)
def test_a_corrupt_file_is_replaced(
    make_keys: MakeKeys,
    server: ScriptedServer,
    file: KeyFile,
    caplog: pytest.LogCaptureFixture,
    content: str | bytes,
) -> None:
    file.path.write_bytes(content if isinstance(content, bytes) else content.encode())
    server.script(key_answer(pem_of(OLD)))

    assert make_keys().verify(delivery_signed_by(OLD), now=NOW)

    assert file.read().pem == pem_of(OLD)
    assert "public_key_file_unusable" in caplog.text


def test_a_file_corrupted_later_breaks_nothing(
    keys: PublicKeys, server: ScriptedServer, file: KeyFile
) -> None:
    file.path.write_text("{")

    assert keys.verify(delivery_signed_by(OLD), now=seconds_later(1))
    assert not keys.verify(FORGERY, now=seconds_later(2))
    assert not keys.verify(FORGERY, now=seconds_later(3))
    assert len(server.seen) == 2


def test_a_deleted_file_breaks_nothing(
    keys: PublicKeys, server: ScriptedServer, file: KeyFile
) -> None:
    file.path.unlink()

    assert keys.verify(delivery_signed_by(OLD), now=seconds_later(1))
    assert len(server.seen) == 1


def test_without_a_disk_each_process_goes_on_in_memory(
    make_keys: MakeKeys,
    server: ScriptedServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys = make_keys(file=KeyFile(tmp_path / "gone" / "kick-public-key.json"))
    server.script(key_answer(pem_of(OLD)), key_answer(pem_of(NEW)))

    assert keys.verify(delivery_signed_by(OLD), now=NOW)
    assert keys.verify(delivery_signed_by(NEW), now=seconds_later(1))
    for second in range(2, 60):
        assert not keys.verify(FORGERY, now=seconds_later(second))
    assert len(server.seen) == 2
    assert "public_key_file_unusable" in caplog.text


def test_without_a_disk_a_flood_by_many_threads_costs_one_fetch(
    make_keys: MakeKeys, server: ScriptedServer, tmp_path: Path
) -> None:
    keys = make_keys(file=KeyFile(tmp_path / "gone" / "kick-public-key.json"))
    server.script(key_answer(pem_of(OLD)))
    assert keys.verify(delivery_signed_by(OLD), now=NOW)

    run_together([lambda: keys.verify(FORGERY, now=seconds_later(1))] * 12)

    assert len(server.seen) == 2


def test_a_process_that_died_while_fetching_holds_nobody_up(
    make_keys: MakeKeys, server: ScriptedServer, file: KeyFile
) -> None:
    file.write(
        KeyRecord(server.url, pem_of(OLD), NOW.timestamp(), NOW.timestamp(), is_settled=False)
    )
    keys = make_keys()
    begun_at = monotonic()

    assert not keys.verify(FORGERY, now=seconds_later(2))

    assert monotonic() - begun_at < 0.9  # a second is what a request may wait for a key at all
    assert server.seen == []


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
