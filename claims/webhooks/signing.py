"""Signatures of messages, as Standard Webhooks specifies them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import os
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SHARED, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
SECRET_BYTES = 32


def make_shared_secret() -> str:
    """A secret for HMAC-SHA256, such as `whsec_MfKQ9r8G…`."""
    return SHARED + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def make_private_key() -> str:
    """An Ed25519 key that only signs, such as `whsk_MfKQ9r8G…`."""
    return PRIVATE + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def public_key_of(private_key: str) -> str:
    """The key that the server verifies with, such as `whpk_MfKQ9r8G…`."""
    raw = _private_key(private_key).public_key().public_bytes_raw()
    return PUBLIC + base64.b64encode(raw).decode()


def sign(secrets: Iterable[str], *, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature for each secret or private key."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return " ".join(_sign(secret, signed) for secret in secrets)


def _sign(secret: str, signed: bytes) -> str:
    if secret.startswith(PRIVATE):
        return f"v1a,{base64.b64encode(_private_key(secret).sign(signed)).decode()}"
    key = base64.b64decode(secret.removeprefix(SHARED))
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def _private_key(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text.removeprefix(PRIVATE)))
