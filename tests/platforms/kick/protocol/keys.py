"""Real RSA keys, and deliveries signed with them as Kick signs."""

from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from platforms.kick.protocol.signatures import SignedDelivery, sign

MESSAGE_ID = "01K0TDDR08Q5ZNWXK92VRXD7GW"
TIMESTAMP = "2026-06-23T12:00:00Z"
BODY = b'{"claim_id":"01K0TDDR08Q5ZNWXK92VRXD7GX"}'


@cache
def private_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The key of that name; the same one for the whole session, because making one is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def pem_of(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def delivery_signed_by(key: rsa.RSAPrivateKey, body: bytes = BODY) -> SignedDelivery:
    signature = sign(key, message_id=MESSAGE_ID, timestamp=TIMESTAMP, body=body)
    return SignedDelivery(
        message_id=MESSAGE_ID, timestamp=TIMESTAMP, signature=signature, body=body
    )
