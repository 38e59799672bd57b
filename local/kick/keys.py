"""The platform key: one RSA key signs the webhooks of every app, as on Kick."""

from functools import lru_cache
from typing import cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import transaction

from . import clock
from .models import SigningKey


def signing_key() -> rsa.RSAPrivateKey:
    """Return the current private key. Creates it on first use."""
    pem = _newest_pem()
    if pem is None:
        new = _generate()
        with transaction.atomic():  # another process may have stored a key meanwhile
            pem = _newest_pem() or _store(new)
    return _load(pem)


def public_key_pem() -> str:
    public = signing_key().public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def rotate_key() -> str:
    """Sign with a new key from now on. The old one no longer verifies new webhooks.

    Returns the new public key.
    """
    _store(_generate())
    return public_key_pem()


def _newest_pem() -> str | None:
    return SigningKey.objects.order_by("-pk").values_list("private_pem", flat=True).first()


def _store(pem: str) -> str:
    SigningKey.objects.create(private_pem=pem, created_at=clock.now())
    return pem


def _generate() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@lru_cache(maxsize=4)
def _load(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    return cast("rsa.RSAPrivateKey", key)
