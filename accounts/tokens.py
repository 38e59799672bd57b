"""Encryption of what is kept of a player's grant. Its keys are its own, not `SECRET_KEY`."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class UnreadableToken(Exception):
    """None of the configured keys can read a stored token."""

    def __init__(self) -> None:
        super().__init__(
            "No key of TOKEN_KEYS can read a stored token."
            " Add the key that it was written with to the end of TOKEN_KEYS."
        )


def encrypt(text: str) -> bytes:
    """Encrypt with the newest key."""
    return _fernet().encrypt(text.encode())


def decrypt(token: bytes | memoryview) -> str:
    """Decrypt with whichever key fits. Raises UnreadableToken."""
    try:
        return _fernet().decrypt(bytes(token)).decode()
    except InvalidToken as error:
        raise UnreadableToken from error


def reencrypt(token: bytes | memoryview) -> bytes:
    """The same secret under the newest key. Raises UnreadableToken."""
    try:
        return _fernet().rotate(bytes(token))
    except InvalidToken as error:
        raise UnreadableToken from error


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.TOKEN_KEYS])
