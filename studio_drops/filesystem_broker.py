"""Celery's filesystem broker for one machine, in which a message is there whole or not at all.

Kombu's own shows a file before it writes to it. A worker that looks just then takes an empty
message, or reads an empty table of queues, and ends.
"""

import fcntl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        """Once it is written it gets its name, which is one that kombu's `_get` looks for."""
        file = Path(self.data_folder_out, f"{monotonic() * 1000:.0f}_{uuid.uuid4()}.{queue}.msg")
        unfinished = file.with_name(f"{file.name}.unfinished")
        unfinished.write_text(dumps(payload))
        unfinished.rename(file)

    def get_table(self, exchange: str) -> Any:
        with self._tables():
            return super().get_table(exchange)

    def _queue_bind(self, *binding: Any) -> None:
        with self._tables():
            super()._queue_bind(*binding)

    def _delete(self, *binding: Any, **kwargs: Any) -> None:
        with self._tables():
            super()._delete(*binding, **kwargs)

    @contextmanager
    def _tables(self) -> Iterator[None]:
        """For one at a time: kombu locks a table only once it has made the file."""
        folder = Path(self.control_folder)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    Channel = Channel
