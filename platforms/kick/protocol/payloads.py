"""Parsing of claims: the webhook's body and the pages of the claims API."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from platforms.kick.protocol.claim_fields import (
    ClaimPayload,
    PayloadError,
    described,
    id_flaw,
    read_claim,
)
from platforms.kick.protocol.errors import KickMalformed
from platforms.kick.protocol.strict_json import (
    JSONError,
    JSONObject,
    read_json,
    read_strict_json,
    write_json,
)
from platforms.kick.protocol.timestamps import parse_timestamp

__all__ = [
    "ApiClaim",
    "ClaimPayload",
    "ClaimsPage",
    "PayloadError",
    "UnusableClaim",
    "is_other_event",
    "parse_claim",
    "parse_claims_page",
]

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
    try:
        fields = read_strict_json(body)
    except JSONError as error:
        raise PayloadError(str(error)) from error
    return read_claim(fields)


def is_other_event(body: bytes) -> bool:
    """Whether `body` looks like another Kick event.

    Kick signs the webhooks of every app with the same key, so anyone can subscribe to such events
    and forward them here with a valid signature.
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
    """Parse a response of `GET /public/v1/drops/claims`.

    Invalid entries are returned separately. Raises KickMalformed if the body isn't a page.
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
        raise KickMalformed(f"Kick's page of claims can't be read. {error}") from error
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict) or "claims" not in data:
        raise KickMalformed('Kick\'s page of claims has no "data" object with "claims".')
    entries = data["claims"] or []  # Kick's servers are written in Go, which encodes nil as null.
    cursor = data.get("cursor") or ""
    if type(entries) is not list or type(cursor) is not str:
        raise KickMalformed('In Kick\'s page, "claims" isn\'t a list or "cursor" isn\'t text.')
    return entries, cursor


def _read_api_claim(entry: Any) -> ApiClaim:
    if isinstance(entry, JSONObject) and entry.repeated_key is not None:
        raise PayloadError(
            f"The key {described(entry.repeated_key)} appears twice: expected it once."
        )
    payload = read_claim(entry)
    status = entry.get("external_status")
    return ApiClaim(
        payload=payload,
        external_status=status if type(status) is str else "",
        created_at=_time_or_none(entry.get("created_at")),
        updated_at=_time_or_none(entry.get("updated_at")),
    )


def _time_or_none(value: Any) -> datetime | None:
    """Return None for an invalid time, so that the rest of the claim can still be used."""
    try:
        return parse_timestamp(value) if type(value) is str else None
    except ValueError:
        return None


def _unusable(entry: Any, reason: str) -> UnusableClaim:
    claim_id = entry.get("claim_id") if isinstance(entry, dict) else None
    return UnusableClaim(
        claim_id=claim_id if type(claim_id) is str and id_flaw(claim_id) is None else "",
        raw=write_json(entry).encode(),
        reason=reason,
    )
