"""What is read while it is being written, as a worker and the web do it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

import studio_drops.celery  # noqa: F401 (whose broker this is)

EXCHANGES = 200


@pytest.fixture
def new_channel(tmp_path: Path) -> Iterator[Callable[[], Any]]:
    options = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": str(tmp_path / "control"),
    }
    with Connection("filesystem://localhost", transport_options=options) as connection:
        yield connection.channel


def test_a_message_is_taken_whole(new_channel: Callable[[], Any]) -> None:
    putting, taking = new_channel(), new_channel()

    class BeingWritten:
        def __json__(self) -> str:
            with pytest.raises(Empty):
                taking._get("jobs")
            return "whole"

    putting._put("jobs", {"text": BeingWritten()})

    assert taking._get("jobs") == {"text": "whole"}


def test_a_table_of_queues_is_read_whole(new_channel: Callable[[], Any]) -> None:
    binding, reading = new_channel(), new_channel()
    names = [f"exchange{number}" for number in range(EXCHANGES)]

    def bind() -> None:
        for name in names:
            binding._queue_bind(name, "key", "", "jobs")

    thread = threading.Thread(target=bind)
    thread.start()
    for name in names:
        while not (table := reading.get_table(name)):
            pass
        assert [row.queue for row in table] == ["jobs"]
    thread.join()
