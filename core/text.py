"""Clean up names and check ids from outside before storing and showing them."""

import unicodedata

MAX_NAME_LENGTH = 200
# Unicode's explicit directional formatting characters.
DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def displayable(name: str) -> str:
    """The name on one line, at most 200 characters, without control characters and surrogates.

    PostgreSQL rejects NUL and lone surrogates. Other control characters would garble the page, and
    those that change the direction of text could make one name look like another.
    """
    kept = (
        character
        for character in name
        if unicodedata.category(character) not in ("Cc", "Cs") and character not in DIRECTIONS
    )
    return "".join(kept).strip()[:MAX_NAME_LENGTH]


def is_storable(text: str) -> bool:
    """Whether both databases can store the text unchanged."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
