"""Which key verifies a delivery, and when Kick is asked for a newer one.

The rules, for all processes of a machine together:

- a key is kept for a day, then fetched anew beside the request that noticed;
- a signature that does not verify may mean that Kick has rotated its key: it is fetched again, but
  at most once a minute, so that a flood of forgeries is no flood of fetches;
- no request waits for a fetch longer than a second; an answer that comes later is kept, too;
- only an RSA key of at least 2048 bits replaces the last good one, which serves on without Kick.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from platforms.kick.key_file import KeyFile, KeyRecord, Version
from platforms.kick.protocol.errors import KickError
from platforms.kick.protocol.signatures import SignedDelivery, load_public_key, verify

KEEP_SECONDS = 24 * 60 * 60.0
PACE_SECONDS = 60.0
WAIT_SECONDS = 1.0
# How long the file is left alone. Each look at it lets go of the interpreter's lock, which takes
# longer to get back, with many threads, than a signature. Before Kick is asked it is always read.
LOOK_SECONDS = 1.0

_POLL_SECONDS = 0.01

logger = logging.getLogger(__name__)


class NoPublicKey(Exception):
    """Kick's public key was never fetched, so that nothing can be verified yet."""


class PublicKeys:
    """The key of one API host. One object serves all threads of a process, and none of its forks.

    `fetch` returns a PEM text or raises KickError, and sends one request.
    """

    def __init__(self, *, api_url: str, fetch: Callable[[], str], file: KeyFile) -> None:
        self._fetch = fetch
        self._file = file
        self._version: Version | None = None
        self._looked_at = 0.0
        self._record = KeyRecord(api_url)
        self._key: RSAPublicKey | None = None
        self._attempt: _Attempt | None = None
        self._attempting = threading.Lock()
        self._adopting = threading.RLock()

    def verify(self, delivery: SignedDelivery, *, now: datetime) -> bool:
        """Whether Kick signed this. Waits a second at most, and that only when it looks forged.

        Raises NoPublicKey.
        """
        seconds = now.timestamp()
        if self._key is None or abs(seconds - self._looked_at) >= LOOK_SECONDS:
            self._looked_at = seconds
            self._read_file()
        key = self._key
        if key is not None and verify(key, delivery):
            self._refresh_if_old(seconds)
            return True
        if self._key is key:  # else another thread has a newer one by now
            self._await_newer(seconds)
        if self._key is None:
            raise NoPublicKey("Kick's public key could not be fetched yet: check KICK_API_URL.")
        return self._key is not key and verify(self._key, delivery)

    def _refresh_if_old(self, now: float) -> None:
        is_old = abs(now - self._record.fetched_at) >= KEEP_SECONDS
        if is_old and self._may_fetch(now):
            self._begin_attempt(now)

    def _await_newer(self, now: float) -> None:
        """Wait for the fetch that is under way, here or in another process, or for a new one."""
        attempt = self._attempt
        if attempt is not None and attempt.is_pending():
            attempt.wait()
        elif self._may_fetch(now) or self._is_fetched_elsewhere(now):
            self._begin_attempt(now).wait()

    def _may_fetch(self, now: float) -> bool:
        # `abs`: another process may be a moment ahead, and a clock may have been set back.
        return abs(now - self._record.tried_at) >= PACE_SECONDS

    def _is_fetched_elsewhere(self, now: float) -> bool:
        return not self._record.is_settled and abs(now - self._record.tried_at) < WAIT_SECONDS

    def _begin_attempt(self, now: float) -> "_Attempt":
        with self._attempting:
            if self._attempt is None or not self._attempt.is_pending():
                known_pem = self._record.pem
                self._attempt = _Attempt(lambda until: self._renew(known_pem, now, until))
                self._attempt.start()
            return self._attempt

    def _renew(self, known_pem: str, now: float, until: float) -> None:
        """Fetch the key, or wait for the process that does; runs in a thread of its own."""
        if self._claim_fetch(known_pem, now):
            self._settle(self._fetch_record(now), now)
        while self._is_fetched_elsewhere(now) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
            self._read_file()

    def _claim_fetch(self, known_pem: str, now: float) -> bool:
        """Take the one fetch of this minute, unless another process took it or has a newer key."""
        try:
            with self._file.locked():
                self._read_file()
                if self._record.pem != known_pem or not self._may_fetch(now):
                    return False
                self._keep(replace(self._record, tried_at=now, is_settled=False))
        except OSError as error:
            self._report_disk(error)
            if not self._may_fetch(now):
                return False
            self._adopt(replace(self._record, tried_at=now, is_settled=False))
        return True

    def _fetch_record(self, now: float) -> KeyRecord:
        """What is known after asking Kick; the first key ever does not count against the pace."""
        try:
            pem = self._fetch()
            load_public_key(pem)
        except (KickError, ValueError) as error:
            _log(logging.WARNING, "public_key_not_fetched", reason=str(error))
            return replace(self._record, is_settled=True)
        _log(logging.INFO, "public_key_fetched", changed=pem != self._record.pem)
        tried_at = now if self._record.pem else 0.0
        return KeyRecord(self._record.api_url, pem, fetched_at=now, tried_at=tried_at)

    def _settle(self, record: KeyRecord, now: float) -> None:
        try:
            with self._file.locked():
                self._read_file()
                if self._record.tried_at == now:  # else a later fetch has overtaken this one
                    self._keep(record)
        except OSError as error:
            self._report_disk(error)
            self._adopt(record)

    def _keep(self, record: KeyRecord) -> None:
        with self._adopting:
            self._file.write(record)
            self._adopt(record)
            self._version = self._file.version()

    def _read_file(self) -> None:
        """Adopt what another process has written since; one `stat` when there is nothing new."""
        if self._file.version() != self._version:
            with self._adopting:
                self._read_changed_file()

    def _read_changed_file(self) -> None:
        version = self._file.version()
        try:
            record = self._file.read() if version is not None else self._record
        except (OSError, ValueError) as error:
            self._report_disk(error)
        else:
            if record.api_url == self._record.api_url:
                self._adopt(record)
        self._version = version

    def _adopt(self, record: KeyRecord) -> None:
        with self._adopting:
            if record.pem != self._record.pem:
                self._key = record.key()
            self._record = record

    def _report_disk(self, error: Exception) -> None:
        _log(
            logging.ERROR,
            "public_key_file_unusable",
            path=str(self._file.path),
            reason=type(error).__name__,
            cure="make it writable or delete it; until then each process asks Kick",
        )


class _Attempt:
    """A fetch in a thread of its own, so that whatever hangs there hangs no request."""

    def __init__(self, work: Callable[[float], None]) -> None:
        self._work = work
        self._until = time.monotonic() + WAIT_SECONDS
        self._is_over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="kick-public-key", daemon=True).start()

    def is_pending(self) -> bool:
        """Whether it is worth waiting for: neither over nor past its second."""
        return not self._is_over.is_set() and time.monotonic() < self._until

    def wait(self) -> None:
        self._is_over.wait(max(0.0, self._until - time.monotonic()))

    def _run(self) -> None:
        try:
            self._work(self._until)
        finally:
            self._is_over.set()


def _log(level: int, event: str, **fields: object) -> None:
    logger.log(level, event, extra={"fields": fields})
