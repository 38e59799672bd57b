"""The file that shares Kick's public key between the processes of one machine.

It's replaced atomically, so readers need no lock. Writers lock a second file next to it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from platforms.kick.protocol.signatures import load_public_key

# Inode, modification time and size. They change when the file is replaced.
Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """The public key of one API host and the state of fetching it. Times are Unix timestamps.

    `pem` is "" and `fetched_at` 0 until a key has been fetched. `tried_at` is the start of the
    last fetch that counts towards the rate limit, or 0. `is_settled` is False while it runs.
    """

    api_url: str
    pem: str = ""
    fetched_at: float = 0.0
    tried_at: float = 0.0
    is_settled: bool = True

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Raises ValueError unless `text` is a valid record with a valid key or no key."""
        fields: dict[str, Any] = json.loads(text)
        if not isinstance(fields, dict) or fields.keys() != cls.__dataclass_fields__.keys():
            raise ValueError("not a key record")
        record = cls(**fields)
        times = (record.fetched_at, record.tried_at)
        if not all(type(time) in (int, float) for time in times) or type(record.pem) is not str:
            raise ValueError("not a key record")
        record.key()
        return record

    def key(self) -> RSAPublicKey | None:
        """The key, or None before the first fetch. Raises ValueError for an invalid key."""
        return load_public_key(self.pem) if self.pem else None


class KeyFile:
    """Reads and writes the record. All methods except `version` raise OSError if the disk fails."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_path = path.with_suffix(".lock")

    def version(self) -> Version | None:
        """A value that changes with the file, or None without a file. Costs one `stat`."""
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def read(self) -> KeyRecord:
        """Raises ValueError if the file isn't a valid record."""
        return KeyRecord.from_json(self.path.read_bytes())

    def write(self, record: KeyRecord) -> None:
        """Replace the file. Call this only inside `locked`."""
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(record)))
        draft.replace(self.path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes of this machine from writing."""
        with self._lock_path.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
