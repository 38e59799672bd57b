"""The base of every platform's webhook. It fixes the order; a platform fills the slots.

Size, headers, signature, parse, record, answer. A platform waits for the answer, and may not retry.
So the claims are committed before we answer 200, and the only service called on the way is the
database. Nothing before the signature check stores a delivery, and verifying may look for a newer
key at most every five seconds.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol, TypeVar

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils import timezone

from claims.catalogue import discover
from claims.ledger import Outcome, RecordedClaim, record_claims
from claims.models import Claim, QuarantinedDelivery
from claims.quarantine import quarantine_delivery
from claims.source import Award, Source
from core import metrics
from core.database_errors import is_read_only, is_unavailable
from core.logs import log_event

LONGEST_TURN_SECONDS = 1.0
# Count skewed deliveries instead of refusing them: our own clock may be wrong, and a claim may be
# hours late.
NOTED_SKEW = timedelta(minutes=10)

T = TypeVar("T")

logger = logging.getLogger(__name__)

_long_deliveries = threading.Lock()
_counted_as = cache(metrics.DELIVERIES.labels)


class Refusal(Exception):
    """The answer to a delivery that isn't recorded: HTTP status, metrics outcome, message.

    A status of 200 is for deliveries that the platform shouldn't stop sending.
    """

    def __init__(self, status: int, outcome: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.outcome = outcome
        self.sentence = sentence


class Unusable(Exception):
    """A signed delivery that can't be parsed. It is quarantined and answered with 400."""


class Delivery(Protocol):
    """A verified delivery."""

    @property
    def message_id(self) -> str: ...

    @property
    def timestamp(self) -> str:
        """As in the header."""

    @property
    def sent_at(self) -> datetime | None:
        """None if it isn't known. Only a metric uses it."""

    @property
    def body(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Parsed:
    """The awards of a delivery, and the source they belong to."""

    source: Source
    awards: Sequence[Award]


class SignedWebhook:
    """A view. Subclasses set `headers` and the sizes, and fill `verify` and `parse`."""

    # The signature replaces the CSRF token.
    csrf_exempt = True
    # The platform's headers that `verify` reads.
    headers: Sequence[str] = ()
    max_body_bytes = 64 * 1024
    # Longer bodies are handled one at a time.
    usual_body_bytes = 4 * 1024

    def __init__(self) -> None:
        self._meta_keys = {f"HTTP_{name.upper().replace('-', '_')}": name for name in self.headers}

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Delivery:
        """Return the delivery if the platform signed it. Raises Refusal."""
        raise NotImplementedError

    def parse(self, delivery: Any) -> Parsed:
        """Return the delivery's awards. Raises Unusable; Refusal for what isn't for this URL."""
        raise NotImplementedError

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 200 after the delivery's claims are committed, else a 4xx or 503 that says why."""
        started = time.perf_counter()
        now = timezone.now()
        try:
            delivery = self._validate(request, now=now)
            return self.handle(delivery, started=started, now=now)
        except Refusal as refusal:
            note(refusal.outcome, started, reason=refusal.sentence)
            key = "ignored" if refusal.status == 200 else "error"
            return answer(refusal.status, {key: refusal.sentence})

    def handle(self, delivery: Any, *, started: float, now: datetime) -> HttpResponse:
        """Record a verified delivery's claims, and answer. Raises Refusal."""
        parsed = self._parse(delivery, now=now)
        recorded = to_database(lambda: _record(parsed, delivery, now=now))
        accounts = {award.claim_id: award.account for award in parsed.awards}
        for claim in recorded:
            is_new = claim.outcome == Outcome.RECORDED
            note(
                claim.status.lower() if is_new else claim.outcome,
                started,
                claim_id=claim.claim_id,
                account_id=accounts[claim.claim_id],
                hold_reason=claim.hold_reason,
            )
        if not recorded:
            note("empty", started)
        # Each claim once, in the order of the delivery.
        statuses = {claim.claim_id: claim.status for claim in recorded}
        claims = [{"claim_id": one, "status": statuses[one]} for one in accounts]
        return answer(200, claims[0] if len(claims) == 1 else {"claims": claims})

    # --- Size, headers, signature --------------------------------------------------------------

    def _validate(self, request: HttpRequest, *, now: datetime) -> Delivery:
        if request.method != "POST":
            raise Refusal(405, "not_post", "Method not allowed. Use POST.")
        is_chunked = request.META.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        text = "0" if is_chunked else request.META.get("CONTENT_LENGTH") or "0"
        if not (text.isascii() and text.isdigit()):
            raise Refusal(400, "bad_headers", "The Content-Length header isn't a whole number.")
        length = int(text)
        if length > self.max_body_bytes:
            raise self._too_long()
        with _turn() if is_chunked or length > self.usual_body_bytes else nullcontext():
            body = self._read_chunks(request) if is_chunked else _read_whole(request, length)
            # `request.headers` would copy all headers, slower than checking a signature.
            keys, meta = self._meta_keys, request.META
            headers = {name: meta[key] for key, name in keys.items() if key in meta}
            delivery = self.verify(body, headers, now=now)
        if delivery.sent_at and abs(now - delivery.sent_at) > NOTED_SKEW:
            metrics.SKEWED_DELIVERIES.inc()
        return delivery

    def _read_chunks(self, request: HttpRequest) -> bytes:
        try:
            body: bytes = request.META["wsgi.input"].read(self.max_body_bytes + 1)
        except Exception as error:  # each server raises its own for bad or missing chunks
            raise Refusal(400, "cut_off", "The body ended before its last chunk.") from error
        if len(body) > self.max_body_bytes:
            raise self._too_long()
        return body

    def _too_long(self) -> Refusal:
        return Refusal(413, "too_large", f"Body too large. Maximum: {self.max_body_bytes} bytes.")

    # --- Parse ---------------------------------------------------------------------------------

    def _parse(self, delivery: Delivery, *, now: datetime) -> Parsed:
        try:
            return self.parse(delivery)
        except Unusable as error:
            reason = str(error)
        to_database(
            lambda: quarantine(
                delivery, QuarantinedDelivery.Verdict.UNUSABLE, reason=reason, now=now
            )
        )
        raise Refusal(400, "unusable", reason)


@contextmanager
def _turn() -> Iterator[None]:
    """Handle unusually long deliveries one at a time, so that a flood of them can't use up all
    threads. After waiting a second, go on anyway.
    """
    has_turn = _long_deliveries.acquire(timeout=LONGEST_TURN_SECONDS)
    try:
        yield
    finally:
        if has_turn:
            _long_deliveries.release()


def _read_whole(request: HttpRequest, length: int) -> bytes:
    """Refuse a truncated body before its signature is checked: as a forgery it would use up the
    next fetch of the platform's key."""
    cut_off = Refusal(400, "cut_off", "The body is shorter than its Content-Length.")
    try:
        body = request.read(length)
    except UnreadablePostError as error:
        raise cut_off from error
    if len(body) < length:
        raise cut_off
    return body


# --- Record ------------------------------------------------------------------------------------


def _record(parsed: Parsed, delivery: Delivery, *, now: datetime) -> list[RecordedClaim]:
    source = parsed.source
    if source.trusts_deliveries:
        discover(awards=parsed.awards, source=source.name, now=now)
    recorded = record_claims(
        parsed.awards,
        source=source.name,
        path=Claim.Path.WEBHOOK,
        is_authoritative=False,
        received_at=now,
        now=timezone.now(),
    )
    for claim in recorded:
        if claim.outcome == Outcome.DIFFERS:
            quarantine(
                delivery,
                QuarantinedDelivery.Verdict.DIFFERS,
                source=source.name,
                claim_id=claim.claim_id,
                reason="A claim with this ID is already recorded with other contents.",
                now=now,
            )
    return recorded


def quarantine(
    delivery: Delivery,
    verdict: QuarantinedDelivery.Verdict,
    *,
    source: str = "",
    claim_id: str = "",
    reason: str,
    now: datetime,
) -> None:
    quarantine_delivery(
        source=source,
        message_id=delivery.message_id,
        timestamp=delivery.timestamp,
        body=delivery.body,
        verdict=verdict,
        claim_id=claim_id,
        reason=reason,
        now=now,
    )


def to_database(write: Callable[[], T]) -> T:
    """Run `write`, and retry it once if the connection was dead. Answer 503 on other errors.

    Both writes are safe to repeat, even if the first attempt was committed and only the
    confirmation was lost.
    """
    try:
        return write()
    except DatabaseError as error:
        if not is_unavailable(error):
            raise
        if connection.in_atomic_block or (connection.is_usable() and not is_read_only(error)):
            raise _unavailable(error) from error
    # A read-only server may be a standby that another server has replaced.
    connection.close()
    try:
        return write()
    except DatabaseError as error:
        if not is_unavailable(error):
            raise
        connection.close()
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> Refusal:
    log_event(logger, "database_unavailable", logging.ERROR, error=type(error).__name__)
    return Refusal(503, "database", "The database can't be reached. Retry in a few seconds.")


# --- Answer ------------------------------------------------------------------------------------


def answer(status: int, content: Mapping[str, object]) -> HttpResponse:
    body = json.dumps(content).encode()  # bytes, so that Django doesn't look up a charset
    response = HttpResponse(body, status=status, content_type="application/json")
    if status == 405:
        response["Allow"] = "POST"
    return response


def note(outcome: str, started: float, **fields: str) -> None:
    _counted_as(outcome).inc()
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    log_event(logger, "delivery", outcome=outcome, milliseconds=milliseconds, **fields)
