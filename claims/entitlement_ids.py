"""Entitlement ids in the API: `<claim id>:<sku>`, both percent-encoded. Opaque to game servers.

They're built from the entitlement's unique key, not from a sequence. After a restore from a dump,
the database numbers new rows from an earlier point again. If a game server then repeats an old
fulfilment, the id must never match another player's item.
"""

import re
from urllib.parse import quote, unquote

Key = tuple[str, str]
"""(claim id, sku)"""

_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")
_PLAIN = re.compile(r"([A-Za-z0-9_.~-]*):([A-Za-z0-9_.~-]*)")
"""An id that needs no decoding, as almost all."""


def entitlement_id(claim_id: str, sku: str) -> str:
    return f"{_quote(claim_id)}:{_quote(sku)}"


def parse_entitlement_id(text: str) -> Key | None:
    """The key of an id made by `entitlement_id`; None for any other text."""
    if plain := _PLAIN.fullmatch(text):
        return plain[1], plain[2]
    claim_id, _colon, sku = text.partition(":")
    try:
        key = (unquote(claim_id, errors="strict"), unquote(sku, errors="strict"))
    except UnicodeDecodeError:
        return None
    if "\0" in "".join(key) or entitlement_id(*key) != text:
        return None
    return key


def _quote(text: str) -> str:
    """Like `quote`, but fast: `quote` checks each character even if none needs encoding."""
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="")
