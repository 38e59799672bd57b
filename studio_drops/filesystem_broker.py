"""Celery's filesystem broker for one machine, with atomic writes.

Kombu's filesystem transport creates a file before writing to it. A worker that reads it at that
moment gets an empty message or an empty table of queues, and crashes.
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
        """Write to a temporary file, then rename it to a name that kombu's `_get` looks for."""
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
        """Lock the queue tables. Kombu's own lock comes too late, after it created the file."""
        folder = Path(self.control_folder)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    Channel = Channel
