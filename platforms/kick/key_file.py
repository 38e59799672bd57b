"""The file through which the processes of one machine share Kick's public key.

It is replaced atomically, so that readers need no lock; writers take that of the file beside it.
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

# Inode, time and size: a replaced file differs in them.
Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """The key of one API host, and how fetching it stands; times in seconds since the epoch.

    `pem` is "" and `fetched_at` 0 while there is no key. `tried_at` is when the last fetch that
    counts against the pace began, 0 for none; `is_settled` says that this fetch is over.
    """

    api_url: str
    pem: str = ""
    fetched_at: float = 0.0
    tried_at: float = 0.0
    is_settled: bool = True

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Raises ValueError unless this is a record with a usable key or none."""
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
        """The key, None when there is none yet. Raises ValueError for one that is unusable."""
        return load_public_key(self.pem) if self.pem else None


class KeyFile:
    """Where the record is kept. Every method but `version` raises OSError when the disk fails."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_path = path.with_suffix(".lock")

    def version(self) -> Version | None:
        """What changes whenever the file does; None when there is none to read. One `stat`."""
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def read(self) -> KeyRecord:
        """Raises ValueError for a file that is not a record."""
        return KeyRecord.from_json(self.path.read_bytes())

    def write(self, record: KeyRecord) -> None:
        """Replace the file; only under `locked`."""
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(record)))
        draft.replace(self.path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep the machine's other processes from writing."""
        with self._lock_path.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
