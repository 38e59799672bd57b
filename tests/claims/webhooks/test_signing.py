"""Signatures, compared with the specification's own library and with `cryptography`."""

import base64
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from claims.webhooks.signing import (
    make_private_key,
    make_shared_secret,
    public_key_of,
    sign,
)

BODY = '{"type":"webhook.test","data":{"name":"Zoë"}}'.encode()


def headers_of(signature: str, *, timestamp: int) -> dict[str, str]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }


def now() -> int:
    return int(datetime.now(UTC).timestamp())


def test_library_verifies_our_signature() -> None:
    secret, at = make_shared_secret(), now()

    signature = sign([secret], message_id="msg_1", timestamp=at, body=BODY)

    assert Webhook(secret).verify(BODY, headers_of(signature, timestamp=at))


def test_library_rejects_our_signature_of_another_body() -> None:
    secret, at = make_shared_secret(), now()

    signature = sign([secret], message_id="msg_1", timestamp=at, body=BODY)

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers_of(signature, timestamp=at))


def test_our_signature_is_the_library_s() -> None:
    secret, at = make_shared_secret(), datetime.now(UTC)

    theirs = Webhook(secret).sign("msg_1", at, BODY.decode())

    assert theirs == sign([secret], message_id="msg_1", timestamp=int(at.timestamp()), body=BODY)


def test_old_and_new_secret_both_verify_during_a_rotation() -> None:
    old, new, at = make_shared_secret(), make_shared_secret(), now()

    signature = sign([new, old], message_id="msg_1", timestamp=at, body=BODY)

    for secret in (old, new):
        assert Webhook(secret).verify(BODY, headers_of(signature, timestamp=at))


def test_ed25519_signature_is_verified_with_the_public_key() -> None:
    private = make_private_key()
    public = Ed25519PublicKey.from_public_bytes(
        base64.b64decode(public_key_of(private).removeprefix("whpk_"))
    )

    version, _comma, signature = sign(
        [private], message_id="msg_1", timestamp=7, body=BODY
    ).partition(",")

    assert version == "v1a"
    public.verify(base64.b64decode(signature), b"msg_1.7." + BODY)
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature), b"msg_1.8." + BODY)
