"""Verifying deliveries with Kick's public key, and fetching the key again when it may be outdated.

Each process keeps the key in memory, so verifying with it needs neither Kick nor the database. One
database row shares the key between processes.

- If a signature doesn't verify, Kick may have rotated its key. So a process looks for a newer key,
  in the row and then at Kick, at most every five seconds: many forged requests cause few fetches,
  and a rotated key is in use after five seconds even under a flood of them.
- One request at a time looks. Other requests with such a signature wait for it, at most a second.
- A key is used for a day and then fetched again.
- Only an RSA key of at least 2048 bits replaces the last valid key. While Kick or the database is
  down, the last valid key stays in use.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.db import Error

from core.logs import log_event
from platforms.kick.models import PublicKey
from platforms.kick.protocol.errors import KickError
from platforms.kick.protocol.signatures import SignedDelivery, load_public_key, verify

USED_FOR = timedelta(days=1)
COOLDOWN = timedelta(seconds=5)
# For a key that is a day old but still verifies, there's no hurry.
RENEWAL_COOLDOWN = timedelta(minutes=1)
WAIT_SECONDS = 1.0

_NEVER = datetime.min.replace(tzinfo=UTC)

logger = logging.getLogger(__name__)


class NoPublicKey(Exception):
    """Kick's public key hasn't been fetched yet, so no signature can be verified."""


class PublicKeys:
    """The public key of one API host. All threads of a process share one object.

    `fetch` sends one request and returns a PEM text, within seconds. It raises KickError.
    """

    def __init__(self, *, api_url: str, fetch: Callable[[], str]) -> None:
        self._api_url = api_url
        self._fetch = fetch
        self._key: RSAPublicKey | None = None
        self._pem = ""
        self._fetched_at = _NEVER
        self._looked_at = _NEVER
        self._looking = threading.Lock()
        self._wait_until = 0.0

    def verify(self, delivery: SignedDelivery, *, now: datetime) -> bool:
        """Whether Kick signed this delivery. May look for a newer key. Raises NoPublicKey."""
        while True:
            key = self._key
            if key is not None and verify(key, delivery):
                is_old = abs(now - self._fetched_at) >= USED_FOR
                if is_old and self._may_look(now, RENEWAL_COOLDOWN):
                    self._look_for_newer(now)
                return True
            if self._key is key:  # otherwise another thread has found a newer key
                self._look_for_newer(now)
            if self._key is None:
                raise NoPublicKey("Kick's public key hasn't been fetched yet. Check KICK_API_URL.")
            if self._key is key:
                return False

    def use(self, record: PublicKey) -> None:
        """Verify with this key from now on. Raises ValueError if it isn't a valid key."""
        if record.pem != self._pem:
            self._key = load_public_key(record.pem)
            self._pem = record.pem
        self._fetched_at = record.fetched_at
        self._looked_at = record.refetched_at or _NEVER

    def _may_look(self, now: datetime, cooldown: timedelta = COOLDOWN) -> bool:
        # `abs`, because another machine's clock may be ahead, or a clock may have been set back.
        return abs(now - self._looked_at) >= cooldown

    def _look_for_newer(self, now: datetime) -> None:
        """Look for a newer key, or wait for the thread that is doing so."""
        remaining = max(0.0, self._wait_until - time.monotonic())
        if not self._looking.acquire(timeout=WAIT_SECONDS if self._may_look(now) else remaining):
            return
        try:
            if self._may_look(now):
                self._wait_until = time.monotonic() + WAIT_SECONDS
                self._looked_at = now
                self._use_newer(now)
        finally:
            self._looking.release()

    def _use_newer(self, now: datetime) -> None:
        shared = self._read_row()
        if shared is not None and shared.fetched_at > self._fetched_at:
            is_other = shared.pem != self._pem
            try:
                self.use(shared)
            except ValueError as error:
                log_event(logger, "public_key_not_usable", logging.WARNING, reason=str(error))
            else:
                if is_other or not self._may_look(now):
                    return
                self._looked_at = now
        refetched_at = now if self._key else None
        try:
            fetched = PublicKey(
                api_url=self._api_url, pem=self._fetch(), fetched_at=now, refetched_at=refetched_at
            )
            is_other = fetched.pem != self._pem
            self.use(fetched)
        except (KickError, ValueError) as error:
            log_event(logger, "public_key_not_fetched", logging.WARNING, reason=str(error))
            return
        log_event(logger, "public_key_fetched", changed=is_other)
        self._write_row(fetched)

    def _read_row(self) -> PublicKey | None:
        try:
            return PublicKey.objects.filter(pk=self._api_url).first()
        except Error as error:
            _report_database(error)
            return None

    def _write_row(self, record: PublicKey) -> None:
        try:
            PublicKey.objects.bulk_create(
                [record],
                update_conflicts=True,
                unique_fields=["api_url"],
                update_fields=["pem", "fetched_at", "refetched_at"],
            )
        except Error as error:
            _report_database(error)


def _report_database(error: Error) -> None:
    reason = type(error).__name__
    log_event(logger, "public_key_not_shared", logging.WARNING, reason=reason)
