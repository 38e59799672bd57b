"""The claim webhook: signed with the platform key, posted once, every attempt recorded."""

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
from .posting import Answer, post, post_half
from .ulid import new_ulid

THREADS = 16
# Carries the posts of all requests; its threads begin with the first one, after the server's fork.
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
DROPPED = Answer(None, "no answer: dropped on purpose, nothing was sent", milliseconds=0)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A webhook request, signed and ready, with the fault that it is to suffer."""

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
    """On the server's way out: what is not yet sent stays unsent."""
    _pool.shutdown(wait=False, cancel_futures=True)


def deliver(
    claims: Sequence[Claim], *, now: datetime, message_id: str | None = None
) -> list[Delivery]:
    """Post each claim to its organization's webhook, 16 at a time, and record what came back.

    Ordered faults strike here. A claim whose organization has no webhook URL yields no delivery.
    The caller has committed the claims, for the receiver may ask for them at once.
    """
    parcels = list(_pack(claims, now=now, message_id=message_id))
    pending: list[tuple[Parcel, Future[Answer]]] = [
        (parcel, _pool.submit(_post, parcel)) for parcel in _in_order(parcels)
    ]
    return [_record(parcel, future.result()) for parcel, future in pending]


def payload_of(claim: Claim) -> dict[str, Any]:
    """The documented body; `external_id` is left out when the reward has none."""
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
    return Parcel(
        claim=claim,
        url=url,
        message_id=message_id,
        timestamp=timestamp,
        body=_corrupt(body) if fault == "corrupt" else body,
        signature=signature,
        fault=fault,
        delay_seconds=delay,
        sent_at=now,
    )


def _corrupt(body: bytes) -> bytes:
    """Another claim id of the same shape: only the signature tells."""
    at = len(b'{"claim_id":"') + 5
    other = b"A" if body[at : at + 1] != b"A" else b"B"
    return body[:at] + other + body[at + 1 :]


def _in_order(parcels: Sequence[Parcel]) -> list[Parcel]:
    """The reordered ones go last, and backwards."""
    late = [parcel for parcel in parcels if parcel.fault == "reorder"]
    return [parcel for parcel in parcels if parcel.fault != "reorder"] + late[::-1]


def _post(parcel: Parcel) -> Answer:
    if parcel.fault == "drop":
        return DROPPED
    if parcel.delay_seconds:
        time.sleep(parcel.delay_seconds)
    send = post_half if parcel.fault == "cut" else post
    return send(parcel.url, headers=_headers(parcel), body=parcel.body)


def _headers(parcel: Parcel) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "local-kick",
        signatures.SIGNATURE_HEADER: parcel.signature,
        signatures.MESSAGE_ID_HEADER: parcel.message_id,
        signatures.TIMESTAMP_HEADER: parcel.timestamp,
    }


def _record(parcel: Parcel, answer: Answer) -> Delivery:
    return Delivery.objects.create(
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
