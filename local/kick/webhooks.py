"""Claim webhooks: signed with the platform key, sent once, every attempt recorded.

Kick doesn't promise to retry a failed webhook, so the local Kick never does.
"""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from platforms.kick.protocol import signatures

from .faults import current_plan, throw_webhook_fault
from .keys import signing_key
from .models import Claim, Delivery
from .posting import Answer, post
from .ulid import new_ulid

THREADS = 16
# Shared by all requests.
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
DROPPED = Answer(None, "no answer: dropped on purpose, nothing was sent", milliseconds=0)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A signed webhook request and the fault to inject."""

    claim: Claim
    url: str
    message_id: str
    timestamp: str
    body: bytes
    signature: str
    fault: str
    delay_seconds: float
    sent_at: datetime


def close_pool() -> None:
    """Cancel unsent webhooks when the server stops."""
    _pool.shutdown(wait=False, cancel_futures=True)


def deliver(
    claims: Sequence[Claim], *, now: datetime, message_id: str | None = None
) -> list[Delivery]:
    """Send each claim to its organization's webhook, 16 at a time, and record the responses.

    Webhook faults are injected here. A claim of an organization without a webhook URL gets no
    delivery. Commit the claims first, because the receiver may request them immediately.
    """
    parcels = list(_pack(claims, now=now, message_id=message_id))
    late = [parcel for parcel in parcels if parcel.fault == "reorder"]
    punctual = [parcel for parcel in parcels if parcel.fault != "reorder"]
    pending: list[tuple[Parcel, Future[Answer]]] = [
        (parcel, _pool.submit(_post, parcel)) for parcel in [*punctual, *reversed(late)]
    ]
    deliveries = []
    for parcel, future in pending:
        answer = future.result()
        delivery = Delivery.objects.create(
            message_id=parcel.message_id,
            claim=parcel.claim,
            url=parcel.url,
            body=parcel.body.decode(),
            timestamp=parcel.timestamp,
            fault=parcel.fault,
            status=answer.status,
            answer=answer.text,
            milliseconds=answer.milliseconds,
            sent_at=parcel.sent_at,
        )
        deliveries.append(delivery)
    return deliveries


def payload_of(claim: Claim) -> dict[str, Any]:
    """Return the body that Kick documents. `external_id` is omitted if the reward has none."""
    payload = {
        "claim_id": claim.claim_id,
        "user_id": int(claim.user_id),
        "campaign_id": claim.campaign_id,
        "reward_id": claim.reward_id,
    }
    return {**payload, "external_id": claim.external_id} if claim.external_id else payload


def _pack(claims: Iterable[Claim], *, now: datetime, message_id: str | None) -> Iterator[Parcel]:
    faults = current_plan().webhook
    for claim in claims:
        url = claim.organization.webhook_url
        if not url:
            continue
        fault = throw_webhook_fault(faults)
        delay = faults.delay_seconds if fault == "delay" else 0
        parcel = _seal(
            claim,
            url,
            message_id=message_id or new_ulid(now=now),
            fault=fault,
            delay=delay,
            now=now,
        )
        yield parcel
        if fault == "duplicate":
            yield parcel


def _seal(
    claim: Claim, url: str, *, message_id: str, fault: str, delay: float, now: datetime
) -> Parcel:
    body = json.dumps(payload_of(claim), separators=(",", ":")).encode()
    timestamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = signatures.sign(
        signing_key(), message_id=message_id, timestamp=timestamp, body=body
    )
    if fault == "corrupt":
        # Change one character of the claim id, so that only the signature reveals it.
        at = len(b'{"claim_id":"') + 5
        other = b"A" if body[at : at + 1] != b"A" else b"B"
        body = body[:at] + other + body[at + 1 :]
    return Parcel(
        claim=claim,
        url=url,
        message_id=message_id,
        timestamp=timestamp,
        body=body,
        signature=signature,
        fault=fault,
        delay_seconds=delay,
        sent_at=now,
    )


def _post(parcel: Parcel) -> Answer:
    if parcel.fault == "drop":
        return DROPPED
    if parcel.delay_seconds:
        time.sleep(parcel.delay_seconds)
    headers = {
        "Content-Type": "application/json",
        # As Kick's: bot rules of proxies block it (KickDevDocs issue 403).
        "User-Agent": "Go-http-client/1.1",
        signatures.SIGNATURE_HEADER: parcel.signature,
        signatures.MESSAGE_ID_HEADER: parcel.message_id,
        signatures.TIMESTAMP_HEADER: parcel.timestamp,
    }
    return post(parcel.url, headers=headers, body=parcel.body, cut=parcel.fault == "cut")
