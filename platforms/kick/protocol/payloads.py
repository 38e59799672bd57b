"""Parsing of claims: the webhook's body and the pages of the claims API.

Kick's docs call the ids ULIDs, but some of the examples there aren't valid ULIDs, so ids are opaque
text here. User ids are uint64, stored as canonical decimal text.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from platforms.kick.protocol.errors import KickMalformed
from platforms.kick.protocol.signatures import parse_timestamp

MAX_ID_LENGTH = 64
# Free text that the studio enters on Kick's dashboard. Allow long texts, so that no claim is lost.
MAX_EXTERNAL_ID_LENGTH = 255
MAX_UINT64 = 2**64 - 1
MAX_UINT64_DIGITS = 20

# Kick's ten other events each have a broadcaster and one of these keys. Source: Kick's docs,
# "Webhook Payloads". In the same order as there: chat message, follow, subscriptions (renewal and
# new), gifts, livestream status, livestream metadata and ban, ban, KICKs, channel reward.
_OTHER_EVENTS_OWN_KEYS = frozenset(
    {
        "message_id",
        "follower",
        "subscriber",
        "gifter",
        "is_live",
        "metadata",
        "banned_user",
        "gift",
        "redeemer",
    }
)
_EXPECTED_USER_ID = f"a whole number from 0 to {MAX_UINT64}"
_EXPECTED_ID = f"text of 1 to {MAX_ID_LENGTH} characters"
_CANONICAL_NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")
# Go's zero time is in the year 1. Kick has no claims from before it existed.
_FIRST_YEAR = 2022
_SHOWN_LENGTH = 40
_MISSING = object()
# Neither database can store NUL and halves of surrogate pairs. Other control characters in an ID
# would break links to its page.
_UNSTORABLE = re.compile("[\0-\x1f\x7f\ud800-\udfff]")


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


@dataclass(frozen=True, slots=True)
class ApiClaim:
    """A claim from the claims API. Times are in UTC, or None if missing or invalid."""

    payload: ClaimPayload
    external_status: str
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnusableClaim:
    """An entry of a page that isn't a valid claim. `raw` is its JSON, `reason` one sentence."""

    claim_id: str
    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimsPage:
    """One page of the claims API. `cursor` is "" if Kick sent none."""

    claims: list[ApiClaim]
    unusable: list[UnusableClaim]
    cursor: str

    def __len__(self) -> int:
        return len(self.claims) + len(self.unusable)


def parse_claim(body: bytes) -> ClaimPayload:
    """Return the claim in a webhook's body. Unknown fields are ignored. Raises PayloadError."""
    return _read_claim(decode_body(body))


def decode_body(body: bytes) -> Any:
    """Return the JSON of a webhook's body. Raises PayloadError.

    Refuses what two parsers could read differently: repeated keys, NaN and Infinity.
    """
    return _decode(_STRICT, body)


def is_other_event(body: bytes) -> bool:
    """Whether `body` looks like another Kick event.

    Kick signs the webhooks of every app with the same key, so anyone can subscribe to such events
    and forward them here with a valid signature.
    """
    try:
        fields = _decode(_TOLERANT, body)
    except PayloadError:
        return False
    return (
        isinstance(fields, dict)
        and isinstance(fields.get("broadcaster"), dict)
        and "claim_id" not in fields
        and not _OTHER_EVENTS_OWN_KEYS.isdisjoint(fields)
    )


def parse_claims_page(body: bytes) -> ClaimsPage:
    """Parse a response of `GET /public/v1/drops/claims`.

    Invalid entries are returned separately. Raises KickMalformed if the body isn't a page.
    """
    entries, cursor = _open_page(body)
    page = ClaimsPage(claims=[], unusable=[], cursor=cursor)
    for entry in entries:
        try:
            _refuse_repeats(entry)
            payload = _read_claim(entry)
        except PayloadError as error:
            page.unusable.append(_unusable(entry, str(error)))
            continue
        status = entry.get("external_status")
        claim = ApiClaim(
            payload=payload,
            external_status=status if type(status) is str else "",
            created_at=_time_or_none(entry.get("created_at")),
            updated_at=_time_or_none(entry.get("updated_at")),
        )
        page.claims.append(claim)
    return page


def read_user_id(fields: dict[str, Any]) -> str:
    """Return an object's `user_id` as canonical decimal text. Raises PayloadError.

    Kick documents a number. Text is taken if it is one number's only spelling.
    """
    value = fields.get("user_id", _MISSING)
    if type(value) is str and _CANONICAL_NUMBER.fullmatch(value):
        value = int(value)
    if type(value) is not int or not 0 <= value <= MAX_UINT64:
        raise _unexpected("user_id", value, _EXPECTED_USER_ID)
    return str(value)


# --- JSON --------------------------------------------------------------------------------------


class _Repeating(dict[str, Any]):
    """An object in which a key appears more than once. It has each key's last value."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated_key = Counter(key for key, _ in pairs).most_common(1)[0][0]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _Repeating(pairs)


def object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = _object(pairs)
    _refuse_repeats(members)
    return members


def _refuse_repeats(value: Any) -> None:
    if isinstance(value, _Repeating):
        key = json.dumps(value.repeated_key)
        raise PayloadError(f"The key {key:.66} appears twice in one object: expected it once.")


def refuse_constant(name: str) -> Any:
    raise PayloadError(f"The body contains {name}, which isn't valid JSON: expected a number.")


def _integer(text: str) -> int | float:
    """No id is longer than a uint64. Python refuses integers of more than 4,300 digits."""
    return int(text) if len(text) <= MAX_UINT64_DIGITS else float(text)


_STRICT = json.JSONDecoder(
    object_pairs_hook=object_without_repeats, parse_int=_integer, parse_constant=refuse_constant
)
_TOLERANT = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)


def _decode(decoder: json.JSONDecoder, body: bytes) -> Any:
    try:
        return decoder.decode(body.decode())
    except UnicodeDecodeError as error:
        raise PayloadError(f"The body isn't valid UTF-8 at offset {error.start}.") from error
    except json.JSONDecodeError as error:
        what = "isn't JSON" if body else "is empty"
        message = error.msg.removesuffix(" at")
        raise PayloadError(f"The body {what}: {message} at offset {error.pos}.") from error
    except RecursionError as error:
        raise PayloadError("The body isn't JSON that can be read: it's nested too deep.") from error


# --- Claims ------------------------------------------------------------------------------------


def _read_claim(fields: Any) -> ClaimPayload:
    if not isinstance(fields, dict):
        raise PayloadError(f"The claim is {_described(fields)}: expected a JSON object.")
    return ClaimPayload(
        claim_id=_read_id(fields, "claim_id"),
        user_id=read_user_id(fields),
        campaign_id=_read_id(fields, "campaign_id"),
        reward_id=_read_id(fields, "reward_id"),
        external_id=_read_external_id(fields),
    )


def _read_id(fields: dict[str, Any], field: str) -> str:
    value = fields.get(field, _MISSING)
    if type(value) is not str or not value:
        raise _unexpected(field, value, _EXPECTED_ID)
    return _checked(field, value, MAX_ID_LENGTH)


def _read_external_id(fields: dict[str, Any]) -> str:
    """The studio's own text. It decides nothing, so a claim isn't refused because of it."""
    value = fields.get("external_id")
    if type(value) is not str or _UNSTORABLE.search(value):
        return ""
    return value[:MAX_EXTERNAL_ID_LENGTH]


def _checked(field: str, value: str, max_length: int) -> str:
    if len(value) > max_length:
        flaw = f"{len(value)} characters: expected at most {max_length}"
    elif _UNSTORABLE.search(value):
        flaw = "a control character or half of a surrogate pair: expected text without them"
    else:
        return value
    raise PayloadError(f"{field} is {_described(value)}, which has {flaw}.")


def _unexpected(field: str, value: Any, expected: str) -> PayloadError:
    return PayloadError(f"{field} is {_described(value)}: expected {expected}.")


def _described(value: Any) -> str:
    """Return a value's type and content for a message: short, ASCII, no content of containers."""
    if value is _MISSING:
        return "missing"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    kind = {str: "text", bool: "boolean"}.get(type(value), "number")
    text = json.dumps(value)
    return f"the {kind} {text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + '…'}"


# --- Pages -------------------------------------------------------------------------------------


def _open_page(body: bytes) -> tuple[list[Any], str]:
    try:
        answer = _decode(_TOLERANT, body)
    except PayloadError as error:
        raise KickMalformed(f"Kick's page of claims can't be read. {error}") from error
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict) or "claims" not in data:
        raise KickMalformed('Kick\'s page of claims has no "data" object with "claims".')
    entries = data["claims"] or []  # Kick's servers are written in Go, which encodes nil as null.
    cursor = data.get("cursor") or ""
    if type(entries) is not list or type(cursor) is not str:
        raise KickMalformed('In Kick\'s page, "claims" isn\'t a list or "cursor" isn\'t text.')
    return entries, cursor


def _time_or_none(value: Any) -> datetime | None:
    """Return None for an invalid time, so that the rest of the claim can still be used."""
    try:
        moment = parse_timestamp(value) if type(value) is str else None
    except ValueError:
        return None
    return moment if moment and moment.year >= _FIRST_YEAR else None


def _unusable(entry: Any, reason: str) -> UnusableClaim:
    try:
        claim_id = _read_id(entry, "claim_id") if isinstance(entry, dict) else ""
    except PayloadError:
        claim_id = ""
    return UnusableClaim(claim_id=claim_id, raw=json.dumps(entry).encode(), reason=reason)
