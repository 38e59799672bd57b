"""Clean up names and check ids from outside before storing and showing them."""

import unicodedata

MAX_NAME_LENGTH = 200


def displayable(name: str) -> str:
    """The name on one line, at most 200 characters, without control characters and surrogates.

    PostgreSQL rejects NUL and lone surrogates. Other control characters would garble the page.
    """
    kept = (character for character in name if unicodedata.category(character) not in ("Cc", "Cs"))
    return "".join(kept).strip()[:MAX_NAME_LENGTH]


def is_storable(text: str) -> bool:
    """Whether both databases can store the text unchanged."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
