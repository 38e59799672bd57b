"""Validation of a claim's fields, with an error message for each kind of mistake.

Kick's docs call the ids ULIDs, but some of the examples there aren't valid ULIDs, so ids are opaque
text here. User ids are uint64, stored as canonical decimal text.
"""

import json
from dataclasses import dataclass
from typing import Any

from platforms.kick.protocol.strict_json import IntegerText, NumberText

MAX_ID_LENGTH = 64
# Free text that the studio enters on Kick's dashboard. Allow long texts, so that no claim is lost.
MAX_EXTERNAL_ID_LENGTH = 255
MAX_UINT64 = "18446744073709551615"

_SHOWN_LENGTH = 40
_EXPECTED_USER_ID = f"an unquoted whole number from 0 to {MAX_UINT64}"
_EXPECTED_ID = f"text of 1 to {MAX_ID_LENGTH} characters"
_EXPECTED_EXTERNAL_ID = f"text of at most {MAX_EXTERNAL_ID_LENGTH} characters, null, or no field"


class PayloadError(ValueError):
    """A claim is invalid. The message is one sentence with the field, its value and the rule."""


@dataclass(frozen=True, slots=True)
class ClaimPayload:
    """One claim as Kick sends it. `external_id` is "" if Kick left it out."""

    claim_id: str
    user_id: str
    campaign_id: str
    reward_id: str
    external_id: str


def read_claim(fields: Any) -> ClaimPayload:
    """Return the claim in `fields`, a JSON value read by `strict_json`. Raises PayloadError."""
    if not isinstance(fields, dict):
        raise PayloadError(f"The claim is {described(fields)}: expected a JSON object.")
    return ClaimPayload(
        claim_id=_read_id(fields, "claim_id"),
        user_id=read_user_id(fields),
        campaign_id=_read_id(fields, "campaign_id"),
        reward_id=_read_id(fields, "reward_id"),
        external_id=_read_external_id(fields),
    )


def _read_id(fields: dict[str, Any], field: str) -> str:
    value = _required(fields, field, _EXPECTED_ID)
    if type(value) is not str or not value:
        raise _unexpected(field, value, _EXPECTED_ID)
    return _checked_id(field, value)


def _read_external_id(fields: dict[str, Any]) -> str:
    value = fields.get("external_id")
    if value is None:
        return ""
    if type(value) is not str:
        raise _unexpected("external_id", value, _EXPECTED_EXTERNAL_ID)
    return _checked_id("external_id", value, MAX_EXTERNAL_ID_LENGTH)


def _checked_id(field: str, value: str, max_length: int = MAX_ID_LENGTH) -> str:
    flaw = id_flaw(value, max_length)
    if flaw is not None:
        raise PayloadError(f"{field} is {described(value)}, which has {flaw}.")
    return value


def id_flaw(value: str, max_length: int = MAX_ID_LENGTH) -> str | None:
    """Return why a text can't be an id, or None if it can."""
    if len(value) > max_length:
        return f"{len(value)} characters: expected at most {max_length}"
    if "\0" in value:
        return "a NUL character: expected text without one"
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        return "half of a surrogate pair: expected whole characters"
    return None


def read_user_id(fields: dict[str, Any]) -> str:
    """Return an object's `user_id` as canonical decimal text. Raises PayloadError."""
    value = _required(fields, "user_id", _EXPECTED_USER_ID)
    if type(value) is not IntegerText or value.startswith("-"):
        raise _unexpected("user_id", value, _EXPECTED_USER_ID)
    if (len(value), value) > (len(MAX_UINT64), MAX_UINT64):
        raise _unexpected("user_id", value, _EXPECTED_USER_ID)
    return str(value)


def _required(fields: dict[str, Any], field: str, expected: str) -> Any:
    try:
        return fields[field]
    except KeyError:
        raise PayloadError(f"{field} is missing: expected {expected}.") from None


def _unexpected(field: str, value: Any, expected: str) -> PayloadError:
    return PayloadError(f"{field} is {described(value)}: expected {expected}.")


def described(value: Any) -> str:
    """Return a value's type and content for a message: short, ASCII, no content of containers."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if value is None:
        return "null"
    if isinstance(value, NumberText):
        return f"the number {_shortened(value)}"
    kind = "text" if isinstance(value, str) else "boolean"
    return f"the {kind} {_shortened(json.dumps(value))}"


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"
