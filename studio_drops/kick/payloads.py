"""What Kick says about claims: the webhook's body and the pages of the claims API.

Kick's ids are opaque text (some of its own examples are no valid ULIDs) and its user ids are
uint64, kept here as canonical decimal text.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from studio_drops.kick.errors import KickMalformed
from studio_drops.kick.strict_json import (
    IntegerText,
    JSONError,
    JSONObject,
    NumberText,
    read_json,
    read_strict_json,
    write_json,
)
from studio_drops.kick.timestamps import parse_timestamp

MAX_ID_LENGTH = 64
MAX_UINT64 = "18446744073709551615"

_SHOWN_LENGTH = 40
_EXPECTED_USER_ID = f"an unquoted whole number from 0 to {MAX_UINT64}"
_EXPECTED_ID = f"text of 1 to {MAX_ID_LENGTH} characters"
_EXPECTED_EXTERNAL_ID = (
    f"text of at most {MAX_ID_LENGTH} characters, null, or no such field"
)

# Each of Kick's ten other events has a broadcaster and one of these. Source: Kick's "Webhook
# Payloads"; in the order there: chat message, follow, subscriptions (renewal and new), gifts,
# livestream status, livestream metadata and ban, ban, kicks, channel reward.
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


class PayloadError(ValueError):
    """A claim that cannot be used; the message is one sentence: field, value, what is expected."""


@dataclass(frozen=True, slots=True)
class ClaimPayload:
    """One claim in Kick's words. `external_id` is "" where Kick left it out."""

    claim_id: str
    user_id: str
    campaign_id: str
    reward_id: str
    external_id: str


@dataclass(frozen=True, slots=True)
class ApiClaim:
    """A claim as the claims API lists it; times in UTC, None where absent or unreadable."""

    payload: ClaimPayload
    external_status: str
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnusableClaim:
    """An entry of a page that is no claim. `raw` is its JSON, `reason` a sentence."""

    claim_id: str
    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimsPage:
    """One page of the claims API; `cursor` is "" where Kick gave none."""

    claims: list[ApiClaim]
    unusable: list[UnusableClaim]
    cursor: str

    def __len__(self) -> int:
        return len(self.claims) + len(self.unusable)


def parse_claim(body: bytes) -> ClaimPayload:
    """Return the claim in a webhook's body; fields that are unknown here are ignored.

    Raises PayloadError.
    """
    try:
        fields = read_strict_json(body)
    except JSONError as error:
        raise PayloadError(str(error)) from error
    return _read_claim(fields)


def is_other_event(body: bytes) -> bool:
    """Whether `body` looks like one of Kick's other events.

    Anybody can collect those from Kick, validly signed with the one key of the whole platform,
    and send them here.
    """
    try:
        fields = read_json(body)
    except JSONError:
        return False
    return (
        isinstance(fields, dict)
        and isinstance(fields.get("broadcaster"), dict)
        and "claim_id" not in fields
        and not _OTHER_EVENTS_OWN_KEYS.isdisjoint(fields)
    )


def parse_claims_page(body: bytes) -> ClaimsPage:
    """Return the answer of `GET /public/v1/drops/claims`. One bad entry never spoils its page.

    Raises KickMalformed when it is no page at all.
    """
    entries, cursor = _open_page(body)
    page = ClaimsPage(claims=[], unusable=[], cursor=cursor)
    for entry in entries:
        try:
            page.claims.append(_read_api_claim(entry))
        except PayloadError as error:
            page.unusable.append(_unusable(entry, str(error)))
    return page


def _open_page(body: bytes) -> tuple[list[Any], str]:
    try:
        answer = read_json(body)
    except JSONError as error:
        raise KickMalformed(f"Kick's page of claims cannot be read. {error}") from error
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict) or "claims" not in data:
        raise KickMalformed('Kick\'s page of claims has no "data" with "claims" in it.')
    entries = (
        data["claims"] or []
    )  # Go prints an empty list as null when it was never filled.
    cursor = data.get("cursor") or ""
    if type(entries) is not list or type(cursor) is not str:
        raise KickMalformed(
            "Kick's page of claims has no list of claims, or no text as cursor."
        )
    return entries, cursor


def _read_api_claim(entry: Any) -> ApiClaim:
    if isinstance(entry, JSONObject) and entry.repeated_key is not None:
        raise PayloadError(
            f"The key {_shown(entry.repeated_key)} is there twice: expected it once."
        )
    payload = _read_claim(entry)
    status = entry.get("external_status")
    return ApiClaim(
        payload=payload,
        external_status=status if type(status) is str else "",
        created_at=_time_or_none(entry.get("created_at")),
        updated_at=_time_or_none(entry.get("updated_at")),
    )


def _time_or_none(value: Any) -> datetime | None:
    """A claim is not to be lost because its time is unusual."""
    try:
        return parse_timestamp(value) if type(value) is str else None
    except ValueError:
        return None


def _unusable(entry: Any, reason: str) -> UnusableClaim:
    claim_id = entry.get("claim_id") if isinstance(entry, dict) else None
    return UnusableClaim(
        claim_id=claim_id
        if type(claim_id) is str and _id_flaw(claim_id) is None
        else "",
        raw=write_json(entry).encode(),
        reason=reason,
    )


def _read_claim(fields: Any) -> ClaimPayload:
    if not isinstance(fields, dict):
        raise PayloadError(f"The claim is {_shown(fields)}: expected a JSON object.")
    return ClaimPayload(
        claim_id=_read_id(fields, "claim_id"),
        user_id=_read_user_id(fields),
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
    return _checked_id("external_id", value)


def _checked_id(field: str, value: str) -> str:
    flaw = _id_flaw(value)
    if flaw is not None:
        raise PayloadError(f"{field} is {_shown(value)}, which has {flaw}.")
    return value


def _id_flaw(value: str) -> str | None:
    if len(value) > MAX_ID_LENGTH:
        return f"{len(value)} characters: expected at most {MAX_ID_LENGTH}"
    if "\0" in value:
        return "a NUL character: expected text without one"
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        return "half of a surrogate pair: expected whole characters"
    return None


def _read_user_id(fields: dict[str, Any]) -> str:
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
    return PayloadError(f"{field} is {_shown(value)}: expected {expected}.")


def _shown(value: Any) -> str:
    """The kind and value for a message: short, in plain ASCII; a container's kind alone."""
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
