"""Kick's responses, and the mapping of statuses to `errors`. Messages never quote a whole body."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from platforms.kick.protocol.errors import (
    KickMalformed,
    KickPaused,
    KickRejected,
    KickUnauthorized,
    KickUnavailable,
)

BUSY_STATUSES = (408, 425, 500, 502, 503, 504)
# Kick's 429 may have no Retry-After. The pause is in seconds.
PAUSE_AFTER_429 = 60.0

_ERROR_CODE = re.compile(r"[\w .-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """Kick's response to a successful call."""

    status: int
    body: bytes = field(repr=False)

    def json(self) -> dict[str, Any]:
        """The JSON object in the body. Raises KickMalformed."""
        answer = _json_object(self.body)
        if answer is None:
            raise KickMalformed("Kick's response isn't a JSON object.")
        return answer


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # ValueError also for a number of over 4,300 digits
        return None
    return answer if isinstance(answer, dict) else None


def raise_for_status(host: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise the error that fits `status`, unless it's 2xx. `host` is only for the message."""
    if 200 <= status < 300:
        return
    if status == 429:
        raise KickPaused(
            f"{host} asks us to send fewer requests (429).",
            status=429,
            retry_after=read_retry_after(headers) or PAUSE_AFTER_429,
        )
    if status in BUSY_STATUSES or status >= 500:
        raise KickUnavailable(
            f"{host} is busy or down ({status}).",
            status=status,
            retry_after=read_retry_after(headers),
        )
    if status < 400:
        raise KickMalformed(f"{host} answered with a redirect ({status}). Check its URL.")
    refusal = _json_object(body) if body else {}
    # A page instead of JSON comes from a proxy or from Kick's CDN (Cloudflare), not from Kick.
    # It says nothing about a grant, so the grant must not be dropped because of it.
    if status == 403 and (refusal is None or _is_block(refusal)):
        raise KickPaused(f"{host}'s protection (Cloudflare) blocks us (403).", status=403)
    if refusal is None:
        raise KickUnavailable(
            f"{host} answered {status} without JSON, probably from a proxy.", status=status
        )
    code = refusal.get("error") or refusal.get("message")
    error = code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""
    shown = f"{status} {error}".strip()
    if status == 401:
        raise KickUnauthorized(f"{host} refused the credentials or token ({shown}).", error=error)
    raise KickRejected(f"{host} refused the request ({shown}).", status=status, error=error)


def _is_block(refusal: Mapping[str, Any]) -> bool:
    """Whether a 403 is Cloudflare's: {"error": "Request blocked by security policy.",
    "reference": "9e4db7e3"}. See KickEngineering/KickDevDocs, issues 180, 216, 225, 266 and 281.
    """
    return "reference" in refusal or "blocked" in str(refusal.get("error", "")).lower()


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in the Retry-After header, or None if it's missing or malformed."""
    value = headers.get("Retry-After")
    try:
        return Retry().parse_retry_after(value) if value else None
    except (InvalidHeader, ValueError, OverflowError):
        return None
