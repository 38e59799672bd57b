"""The local Kick's Django secret key."""

import os
import secrets
from pathlib import Path


def read_secret_key(*, beside: Path) -> str:
    """Return the key that signs sessions. Creates it next to the database on the first start."""
    path = beside.with_suffix(".secret-key")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii")
    key = secrets.token_urlsafe(48)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    return key
