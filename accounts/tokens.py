"""Encryption of stored tokens. Uses its own keys (`TOKEN_KEYS`), not `SECRET_KEY`."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class UnreadableToken(Exception):
    """No configured key can decrypt a stored token."""

    def __init__(self) -> None:
        super().__init__(
            "No key in TOKEN_KEYS can decrypt a stored token."
            " Add the key it was encrypted with to the end of TOKEN_KEYS."
        )


def encrypt(text: str) -> bytes:
    """Encrypt with the newest key."""
    return _fernet().encrypt(text.encode())


def decrypt(token: bytes | memoryview) -> str:
    """Decrypt with any of the keys. Raises UnreadableToken."""
    try:
        return _fernet().decrypt(bytes(token)).decode()
    except InvalidToken as error:
        raise UnreadableToken from error


def reencrypt(token: bytes | memoryview) -> bytes:
    """Encrypt the same secret with the newest key. Raises UnreadableToken."""
    try:
        return _fernet().rotate(bytes(token))
    except InvalidToken as error:
        raise UnreadableToken from error


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.TOKEN_KEYS])
