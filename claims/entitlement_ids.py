"""The ids of entitlements on the wire: `<claim id>:<sku>`, both percent-encoded.

They are made of what makes an entitlement unique, and not of a sequence. A database that was put
back to a dump numbers its rows anew; a game server that then repeats its fulfilments must never
name another player's item by an old number. To game servers they are opaque.
"""

import re
from urllib.parse import quote, unquote

Key = tuple[str, str]
"""(claim id, sku)"""

_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")


def entitlement_id(claim_id: str, sku: str) -> str:
    return f"{_quote(claim_id)}:{_quote(sku)}"


def parse_entitlement_id(text: str) -> Key | None:
    """The key in an id as `entitlement_id` writes it; None for any other text."""
    claim_id, _colon, sku = text.partition(":")
    try:
        key = (unquote(claim_id, errors="strict"), unquote(sku, errors="strict"))
    except UnicodeDecodeError:
        return None
    if "\0" in "".join(key) or entitlement_id(*key) != text:
        return None
    return key


def _quote(text: str) -> str:
    """As `quote` does, which looks at each character even of what has nothing to encode."""
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="")
