"""Others' readings of Kick's signature accept ours, and ours accepts another tool's.

Two packages that know nothing of this project: `kicksdk` (Rust, with its own RSA) and `kickcom.py`
(a webhook server in Python). Neither can sign, so `openssl` does.
"""

import asyncio
import base64
import json
import shutil
import subprocess
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from platforms.kick.protocol.signatures import SignedDelivery, load_public_key, sign, verify
from tests.platforms.kick.protocol.keys import MESSAGE_ID, TIMESTAMP, pem_of, private_key

NOT_HERE = (
    "a package to compare with is not installed: it is in the test group where it has a wheel"
)

kicksdk = pytest.importorskip("kicksdk", reason=NOT_HERE)

USER = {
    "is_anonymous": False,
    "user_id": 18446744073709551615,
    "username": "söméone 🎁",
    "is_verified": True,
    "profile_picture": "",
    "channel_slug": "someone",
    "identity": None,
}
FOLLOW = json.dumps({"broadcaster": USER, "follower": USER}, ensure_ascii=False).encode()
TAMPERED = FOLLOW.replace(b"true", b"false")


@pytest.fixture(scope="module")
def pem() -> str:
    return pem_of(private_key("kick"))


def openssl_signature(directory: Path, body: bytes) -> str:
    """The signature of the same delivery by the same key, made by openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the command openssl, which is not installed")
    key_path, signed_path = directory / "key.pem", directory / "signed"
    key_path.write_bytes(
        private_key("kick").private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    signed_path.write_bytes(b".".join([MESSAGE_ID.encode(), TIMESTAMP.encode(), body]))
    command = [openssl, "dgst", "-sha256", "-sign", key_path, signed_path]
    return base64.b64encode(subprocess.check_output(command)).decode()


def our_signature(body: bytes) -> str:
    return sign(private_key("kick"), message_id=MESSAGE_ID, timestamp=TIMESTAMP, body=body)


def event_headers(signature: str) -> dict[str, str]:
    """The headers of Kick's other events, the only ones that these packages know."""
    return {
        "Kick-Event-Message-Id": MESSAGE_ID,
        "Kick-Event-Message-Timestamp": TIMESTAMP,
        "Kick-Event-Signature": signature,
        "Kick-Event-Subscription-Id": MESSAGE_ID,
        "Kick-Event-Type": "channel.followed",
        "Kick-Event-Version": "1",
    }


def test_openssl_signs_as_we_do(tmp_path: Path, pem: str) -> None:
    signature = openssl_signature(tmp_path, FOLLOW)

    delivery = SignedDelivery(MESSAGE_ID, TIMESTAMP, signature, FOLLOW)
    tampered = SignedDelivery(MESSAGE_ID, TIMESTAMP, signature, TAMPERED)
    assert signature == our_signature(FOLLOW)
    assert verify(load_public_key(pem), delivery)
    assert not verify(load_public_key(pem), tampered)


def test_kicksdk_accepts_ours(pem: str) -> None:
    read = kicksdk.webhooks.verify(
        pem, event_headers(our_signature(FOLLOW)), FOLLOW, skip_freshness=True
    )

    assert read["headers"]["message_id"] == MESSAGE_ID


def test_kicksdk_refuses_what_we_refuse(pem: str) -> None:
    with pytest.raises(kicksdk.KickError, match="signature does not match"):
        kicksdk.webhooks.verify(
            pem, event_headers(our_signature(FOLLOW)), TAMPERED, skip_freshness=True
        )


async def kickcom_accepts(pem: str, body: bytes, signature: str) -> bool:
    """The verdict of kickcom.py, reached as its webhook server does.

    Its check is called by itself because the handler around it fails on Python 3.11, where a
    text cannot be looked up in an Enum.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Inheritance class", category=DeprecationWarning)
        kickpy = pytest.importorskip("kickpy", reason=NOT_HERE)

    client = kickpy.KickClient("id", "secret")
    try:
        webhook_server = kickpy.WebhookServer(client, callback_route="/hook")
        webhook_server._public_key = pem.encode()  # it would ask api.kick.com for it
        message = f"{MESSAGE_ID}.{TIMESTAMP}.{body.decode()}".encode()
        return await webhook_server._verify_signature(message, signature.encode())
    finally:
        await client.close()


def test_kickcom_accepts_ours_and_refuses_what_we_refuse(pem: str) -> None:
    signature = our_signature(FOLLOW)

    verdicts = [asyncio.run(kickcom_accepts(pem, body, signature)) for body in (FOLLOW, TAMPERED)]

    assert verdicts == [True, False]
