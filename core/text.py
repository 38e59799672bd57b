"""Names and ids that others chose, made fit to store and show."""

import unicodedata

MAX_NAME_LENGTH = 200


def displayable(name: str) -> str:
    """The name in one line of at most 200 characters, without what a database cannot hold.

    A NUL or a lone surrogate would be an error in PostgreSQL; other control characters would only
    spoil the page.
    """
    kept = (character for character in name if unicodedata.category(character) not in ("Cc", "Cs"))
    return "".join(kept).strip()[:MAX_NAME_LENGTH]


def is_storable(text: str) -> bool:
    """Whether both databases can hold the text exactly as it is."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
