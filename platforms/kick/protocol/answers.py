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
    KickRejected,
    KickUnauthorized,
    KickUnavailable,
)

BUSY_STATUSES = (408, 425, 429, 500, 502, 503, 504)

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
    if status in BUSY_STATUSES or status >= 500:
        raise KickUnavailable(
            f"{host} is busy or down ({status}).", retry_after=read_retry_after(headers)
        )
    if status < 400:
        raise KickMalformed(f"{host} answered with a redirect ({status}). Check its URL.")
    refusal = _json_object(body) if body else {}
    # A page instead of JSON comes from a proxy or from Kick's CDN (Cloudflare), not from Kick.
    # It says nothing about a grant, so the grant must not be dropped because of it.
    if refusal is None:
        raise KickUnavailable(f"{host} answered {status} without JSON, probably from a proxy.")
    code = refusal.get("error") or refusal.get("message")
    error = code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""
    shown = f"{status} {error}".strip()
    if status == 401:
        raise KickUnauthorized(f"{host} refused the credentials or token ({shown}).", error=error)
    raise KickRejected(f"{host} refused the request ({shown}).", status=status, error=error)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in the Retry-After header, or None if it's missing or malformed."""
    value = headers.get("Retry-After")
    try:
        return Retry().parse_retry_after(value) if value else None
    except (InvalidHeader, ValueError, OverflowError):
        return None
