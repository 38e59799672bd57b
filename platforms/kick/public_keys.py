"""Verifying deliveries with Kick's public key, and fetching the key again when it may be outdated.

The rules apply to all processes of a machine together:

- A key is used for a day and then refreshed in the background.
- If a signature doesn't verify, Kick may have rotated its key, so the key is fetched again. This
  happens at most once a minute, so many forged requests don't cause many fetches.
- No request waits longer than a second for a fetch. A later response is still stored.
- Only an RSA key of at least 2048 bits replaces the last valid key. While Kick is down, the last
  valid key stays in use.
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
# How often the file is checked for changes. Each check releases the GIL, and with many threads,
# getting the GIL back takes longer than verifying a signature. The file is always read before a
# fetch.
LOOK_SECONDS = 1.0

_POLL_SECONDS = 0.01

logger = logging.getLogger(__name__)


class NoPublicKey(Exception):
    """Kick's public key hasn't been fetched yet, so no signature can be verified."""


class PublicKeys:
    """The public key of one API host.

    All threads of a process share one object. Forked processes need a new one. `fetch` sends one
    request and returns a PEM text. It raises KickError.
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
        """Whether Kick signed this delivery.

        Waits up to a second for a new key if the signature doesn't verify. Raises NoPublicKey.
        """
        seconds = now.timestamp()
        if self._key is None or abs(seconds - self._looked_at) >= LOOK_SECONDS:
            self._looked_at = seconds
            self._read_file()
        key = self._key
        if key is not None and verify(key, delivery):
            self._refresh_if_old(seconds)
            return True
        if self._key is key:  # otherwise another thread already has a newer key
            self._await_newer(seconds)
        if self._key is None:
            raise NoPublicKey("Kick's public key hasn't been fetched yet. Check KICK_API_URL.")
        return self._key is not key and verify(self._key, delivery)

    def _refresh_if_old(self, now: float) -> None:
        is_old = abs(now - self._record.fetched_at) >= KEEP_SECONDS
        if is_old and self._may_fetch(now):
            self._begin_attempt(now)

    def _await_newer(self, now: float) -> None:
        """Wait for a running fetch, here or in another process, or start one and wait for it."""
        attempt = self._attempt
        if attempt is not None and attempt.is_pending():
            attempt.wait()
        elif self._may_fetch(now) or self._is_fetched_elsewhere(now):
            self._begin_attempt(now).wait()

    def _may_fetch(self, now: float) -> bool:
        # `abs`, because another process's clock may be ahead, or a clock may have been set back.
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
        """Fetch the key, or wait for the process that fetches it. Runs in a background thread."""
        if self._claim_fetch(known_pem, now):
            self._settle(self._fetch_record(now), now)
        while self._is_fetched_elsewhere(now) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
            self._read_file()

    def _claim_fetch(self, known_pem: str, now: float) -> bool:
        """Reserve this minute's fetch. Returns False if another process has it or a newer key."""
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
        """Fetch the key and return the new record.

        Fetching the very first key doesn't count towards the rate limit.
        """
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
                if self._record.tried_at == now:  # otherwise a later fetch has replaced this one
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
        """Load changes that another process wrote. Costs one `stat` if there are none."""
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
            fix="make the file writable or delete it; until then every process fetches the key",
        )


class _Attempt:
    """A fetch in a background thread, so that a hanging fetch doesn't block a request."""

    def __init__(self, work: Callable[[float], None]) -> None:
        self._work = work
        self._until = time.monotonic() + WAIT_SECONDS
        self._is_over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="kick-public-key", daemon=True).start()

    def is_pending(self) -> bool:
        """Whether to wait for it: still running, and for less than `WAIT_SECONDS`."""
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
