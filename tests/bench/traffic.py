"""Kick's traffic, signed beforehand: distinct claims of viewers who are all linked."""

import itertools
import json
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from claims.source import Award
from platforms.kick.protocol.signatures import sign

CAMPAIGN_ID = "01K0BENCHCAMPAIGN000000000"
REWARD_ID = "01K0BENCHREWARD00000000000"
SOURCE = "kick_drops"
FIRST_USER_ID = 18_000_000_000_000_000_000
HOST = "drops.example.com"
WEBHOOK_PATH = "/webhooks/kick/drops"
EVENTS_PATH = "/webhooks/kick/events"
FORGED_BODY_BYTES = 64 * 1024
_SIGNED_AT_A_TIME = 500


@dataclass(frozen=True)
class SigningKey:
    """A key as Kick has one, in PEM so that other processes can sign with it too."""

    private_pem: bytes
    public_pem: str

    @property
    def private(self) -> RSAPrivateKey:
        key = load_pem_private_key(self.private_pem, password=None)
        assert isinstance(key, RSAPrivateKey)
        return key


def new_signing_key() -> SigningKey:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(private, public.decode())


def claim_id_of(number: int) -> str:
    return f"01K0BENCH{number:017}"


def listed_award(number: int) -> Award:
    """The claim as Kick's API shows it: open, and made a while ago."""
    return Award(
        claim_id=claim_id_of(number),
        account=f"kick:{FIRST_USER_ID + number}",
        campaign_id=CAMPAIGN_ID,
        reward_id=REWARD_ID,
        external_id="bench-cape",
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        is_reported=False,
    )


def signed_claims(key: SigningKey, count: int) -> list[bytes]:
    """Whole HTTP requests, each with a claim of its own, signed by all cores at once."""
    starts = range(0, count, _SIGNED_AT_A_TIME)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        chunks = pool.map(_sign_chunk, itertools.repeat(key), starts, itertools.repeat(count))
        return list(itertools.chain.from_iterable(chunks))


def _sign_chunk(key: SigningKey, start: int, count: int) -> list[bytes]:
    private_key = key.private
    numbers = range(start, min(start + _SIGNED_AT_A_TIME, count))
    return [_signed_request(private_key, number) for number in numbers]


def _signed_request(private_key: RSAPrivateKey, number: int) -> bytes:
    body = json.dumps(
        {
            "claim_id": claim_id_of(number),
            "user_id": FIRST_USER_ID + number,
            "campaign_id": CAMPAIGN_ID,
            "reward_id": REWARD_ID,
            "external_id": "bench-cape",
        }
    ).encode()
    message_id, timestamp = f"01K0MESSAGE{number:015}", datetime.now(UTC).isoformat()
    signature = sign(private_key, message_id=message_id, timestamp=timestamp, body=body)
    return _request(body, message_id=message_id, timestamp=timestamp, signature=signature)


def forged_claims(count: int) -> list[bytes]:
    """Well-formed, of the largest size that is read, and signed with a key that is not Kick's."""
    key = new_signing_key().private
    padding = "x" * (FORGED_BODY_BYTES - 100)
    requests = []
    for number in range(count):
        body = json.dumps({"claim_id": claim_id_of(number), "padding": padding}).encode()
        message_id, timestamp = f"01K0FORGED{number:016}", datetime.now(UTC).isoformat()
        signature = sign(key, message_id=message_id, timestamp=timestamp, body=body)
        requests.append(
            _request(body, message_id=message_id, timestamp=timestamp, signature=signature)
        )
    return requests


def small_forged_claims(valid: Sequence[bytes]) -> list[bytes]:
    """Valid deliveries with one letter of each body changed, which unmakes their signatures."""
    return [request.replace(b"bench-cape", b"bench-cope") for request in valid]


def signed_redemptions(key: SigningKey, count: int, *, reward_id: str, channel: int) -> list[bytes]:
    """Whole HTTP requests, each with an event about another redemption."""
    private_key, at = key.private, datetime.now(UTC)
    requests = []
    for number in range(count):
        body = json.dumps(
            {
                "id": f"01K0BENCHR{number:016}",
                "user_input": "",
                "status": "pending",
                "redeemed_at": at.isoformat(),
                "reward": {"id": reward_id, "title": "Axe", "cost": 100, "description": ""},
                "redeemer": _person(FIRST_USER_ID + number),
                "broadcaster": _person(channel),
            }
        ).encode()
        message_id, timestamp = f"01K0EVENT{number:017}", at.isoformat()
        signature = sign(private_key, message_id=message_id, timestamp=timestamp, body=body)
        kind = "Kick-Event-Type: channel.reward.redemption.updated\r\nKick-Event-Version: 1\r\n"
        requests.append(
            _request(
                body,
                message_id=message_id,
                timestamp=timestamp,
                signature=signature,
                path=EVENTS_PATH,
                more=f"{kind}Kick-Event-Subscription-Id: 01K0SUBSCRIPTION0000000000\r\n",
            )
        )
    return requests


def _person(user_id: int) -> dict[str, object]:
    return {
        "user_id": user_id,
        "username": f"user_{user_id}",
        "is_verified": False,
        "profile_picture": "",
        "channel_slug": "",
    }


def _request(
    body: bytes,
    *,
    message_id: str,
    timestamp: str,
    signature: str,
    path: str = WEBHOOK_PATH,
    more: str = "",
) -> bytes:
    """As a proxy that ends TLS hands a delivery of Kick's on."""
    head = (
        f"POST {path} HTTP/1.1\r\n"
        f"Host: {HOST}\r\n"
        "User-Agent: Kick-Webhooks/1.0\r\n"
        "Accept-Encoding: gzip\r\n"
        "X-Forwarded-For: 203.0.113.7\r\n"
        "X-Forwarded-Proto: https\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"Kick-Event-Message-ID: {message_id}\r\n"
        f"Kick-Event-Timestamp: {timestamp}\r\n"
        f"Kick-Event-Signature: {signature}\r\n"
        f"{more}\r\n"
    )
    return head.encode() + body


def get_request(path: str, *, bearer: str = "") -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-Proto: https\r\n"
        f"Accept: application/json\r\nAuthorization: Bearer {bearer}\r\n\r\n"
    ).encode()


def post_request(path: str, body: bytes, *, bearer: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-Proto: https\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: Bearer {bearer}\r\n\r\n"
    )
    return head.encode() + body
