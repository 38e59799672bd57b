"""Kick's claim webhook: `POST /webhooks/kick/drops`.

Kick waits for the answer and documents no retry. So the claim is committed before we answer 200,
and the only service we call on the way is the database. (If a signature doesn't verify, we also
fetch Kick's key, within a second.) The order is fixed: size, headers, signature, JSON, fields,
ledger. Nothing before the signature check stores data or reaches the database.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from claims.ledger import Outcome, ReceivedClaim, RecordedClaim, record_claims
from claims.models import Claim, QuarantinedDelivery
from claims.quarantine import quarantine_delivery
from core import metrics
from core.logs import log_event
from platforms.kick.client import NoPublicKey, verify_delivery
from platforms.kick.protocol.payloads import ClaimPayload, PayloadError, is_other_event, parse_claim
from platforms.kick.protocol.signatures import (
    HEADERS,
    HeaderError,
    SignatureMissing,
    SignedDelivery,
    read_delivery,
)

MAX_BODY_BYTES = 64 * 1024
# Kick's claims are smaller than a kilobyte.
USUAL_BODY_BYTES = 4 * 1024
LONGEST_TURN_SECONDS = 1.0
# Count skewed deliveries instead of refusing them: our own clock may be wrong, and a claim may be
# hours late.
NOTED_SKEW = timedelta(minutes=10)

_META_KEYS = {f"HTTP_{name.upper().replace('-', '_')}": name for name in HEADERS}

T = TypeVar("T")

logger = logging.getLogger(__name__)

_long_deliveries = threading.Lock()
_counted_as = cache(metrics.DELIVERIES.labels)


class Refusal(Exception):
    """The answer to a delivery that isn't recorded: HTTP status, metrics outcome, message."""

    def __init__(self, status: int, outcome: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.outcome = outcome
        self.sentence = sentence


@csrf_exempt
def drops_webhook(request: HttpRequest) -> HttpResponse:
    """Answer one delivery: 200 after its claim is committed, else a 4xx or 503 with a message."""
    started = time.perf_counter()
    now = timezone.now()
    try:
        delivery = _validate(request, now=now)
        payload = _parse(delivery, now=now)
        recorded = _record(payload, delivery, now=now)
    except Refusal as refusal:
        _note(refusal.outcome, started, reason=refusal.sentence)
        return _answer(refusal.status, {"error": refusal.sentence})
    outcome = recorded.outcome if recorded.outcome != Outcome.RECORDED else recorded.status.lower()
    _note(
        outcome,
        started,
        claim_id=recorded.claim_id,
        account_id=payload.user_id,
        hold_reason=recorded.hold_reason,
    )
    return _answer(200, {"claim_id": recorded.claim_id, "status": recorded.status})


# --- Validate ----------------------------------------------------------------------------------


def _validate(request: HttpRequest, *, now: datetime) -> SignedDelivery:
    if request.method != "POST":
        raise Refusal(405, "not_post", "Method not allowed. Use POST.")
    is_chunked = request.META.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    length = 0 if is_chunked else _content_length(request)
    if length > MAX_BODY_BYTES:
        raise _too_long()
    with _turn() if is_chunked or length > USUAL_BODY_BYTES else nullcontext():
        body = _read_chunks(request) if is_chunked else _read_whole(request, length)
        return _verify(body, request, now=now)


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


def _verify(body: bytes, request: HttpRequest, *, now: datetime) -> SignedDelivery:
    try:
        delivery = read_delivery(_kick_headers(request), body)
    except SignatureMissing as error:
        raise Refusal(401, "unsigned", str(error)) from error
    except HeaderError as error:
        raise Refusal(400, "bad_headers", str(error)) from error
    if not _is_signed_by_kick(delivery, now=now):
        raise Refusal(401, "forged", "The signature is not Kick's for this ID, timestamp and body.")
    if abs(now - delivery.sent_at) > NOTED_SKEW:
        metrics.SKEWED_DELIVERIES.inc()
    return delivery


def _too_long() -> Refusal:
    return Refusal(413, "too_large", f"Body too large. Maximum: {MAX_BODY_BYTES} bytes.")


def _read_chunks(request: HttpRequest) -> bytes:
    try:
        body: bytes = request.META["wsgi.input"].read(MAX_BODY_BYTES + 1)
    except Exception as error:  # each server raises its own for bad or missing chunks
        raise Refusal(400, "cut_off", "The body ended before its last chunk.") from error
    if len(body) > MAX_BODY_BYTES:
        raise _too_long()
    return body


def _read_whole(request: HttpRequest, length: int) -> bytes:
    """Refuse a truncated body before its signature is checked: as a forgery it would use up this
    minute's fetch of Kick's key."""
    try:
        body = request.read(length)
    except UnreadablePostError as error:
        raise _cut_off() from error
    if len(body) < length:
        raise _cut_off()
    return body


def _cut_off() -> Refusal:
    return Refusal(400, "cut_off", "The body is shorter than its Content-Length.")


def _content_length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    if not (text.isascii() and text.isdigit()):
        raise Refusal(400, "bad_headers", "The Content-Length header isn't a whole number.")
    return int(text)


def _kick_headers(request: HttpRequest) -> dict[str, str]:
    """Read from `META`: `request.headers` copies all headers, slower than checking a signature."""
    return {name: request.META[key] for key, name in _META_KEYS.items() if key in request.META}


def _is_signed_by_kick(delivery: SignedDelivery, *, now: datetime) -> bool:
    try:
        return verify_delivery(delivery, now=now)
    except NoPublicKey as error:
        raise Refusal(
            503,
            "no_key",
            "Kick's public key hasn't been fetched yet, so the signature can't be verified."
            " Retry shortly.",
        ) from error


# --- Parse -------------------------------------------------------------------------------------


def _parse(delivery: SignedDelivery, *, now: datetime) -> ClaimPayload:
    try:
        return parse_claim(delivery.body)
    except PayloadError as error:
        reason = str(error)
    if is_other_event(delivery.body):
        raise Refusal(
            400, "other_event", "Wrong event type. This URL accepts only Kick drops claims."
        )
    _to_database(
        lambda: quarantine_delivery(
            delivery=delivery,
            verdict=QuarantinedDelivery.Verdict.UNUSABLE,
            claim_id="",
            reason=reason,
            now=now,
        )
    )
    raise Refusal(400, "unusable", reason)


# --- Record ------------------------------------------------------------------------------------


def _record(payload: ClaimPayload, delivery: SignedDelivery, *, now: datetime) -> RecordedClaim:
    return _to_database(lambda: _record_once(payload, delivery, now=now))


def _record_once(
    payload: ClaimPayload, delivery: SignedDelivery, *, now: datetime
) -> RecordedClaim:
    claim = ReceivedClaim(payload, message_id=delivery.message_id)
    (recorded,) = record_claims(
        [claim], source=Claim.Path.WEBHOOK, received_at=now, now=timezone.now()
    )
    if recorded.outcome == Outcome.DIFFERS:
        quarantine_delivery(
            delivery=delivery,
            verdict=QuarantinedDelivery.Verdict.DIFFERS,
            claim_id=payload.claim_id,
            reason="A claim with this ID is already recorded with other contents.",
            now=now,
        )
    return recorded


def _to_database(write: Callable[[], T]) -> T:
    """Run `write`, and retry it once if the connection was dead. Answer 503 on other errors.

    Both writes are safe to repeat, even if the first attempt was committed and only the
    confirmation was lost.
    """
    try:
        return write()
    except (OperationalError, InterfaceError) as error:
        if connection.in_atomic_block or connection.is_usable():
            raise _unavailable(error) from error
    connection.close()
    try:
        return write()
    except (OperationalError, InterfaceError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> Refusal:
    log_event(logger, "database_unavailable", logging.ERROR, error=type(error).__name__)
    return Refusal(503, "database", "The database can't be reached. Retry in a few seconds.")


# --- Answer ------------------------------------------------------------------------------------


def _answer(status: int, content: dict[str, str]) -> HttpResponse:
    body = json.dumps(content).encode()  # bytes, so that Django doesn't look up a charset
    response = HttpResponse(body, status=status, content_type="application/json")
    if status == 405:
        response["Allow"] = "POST"
    return response


def _note(outcome: str, started: float, **fields: str) -> None:
    _counted_as(outcome).inc()
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    log_event(logger, "delivery", outcome=outcome, milliseconds=milliseconds, **fields)
