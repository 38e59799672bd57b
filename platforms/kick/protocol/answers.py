"""What Kick answered, and what a refusal means. No message repeats what a body says at length."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from platforms.kick.protocol.errors import (
    KickMalformed,
    KickRejected,
    KickUnauthorized,
    KickUnavailable,
)
from platforms.kick.protocol.strict_json import JSONError, JSONObject, read_json

BUSY_STATUSES = (408, 425, 429, 500, 502, 503, 504)

_ERROR_CODE = re.compile(r"[\w .-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """Kick's answer to a call that it accepted."""

    status: int
    body: bytes = field(repr=False)

    def json(self) -> JSONObject:
        """The JSON object in the body. Raises KickMalformed."""
        try:
            answer = read_json(self.body)
        except JSONError as error:
            raise KickMalformed(f"Kick's answer cannot be read. {error}") from error
        if not isinstance(answer, JSONObject):
            raise KickMalformed("Kick's answer is not a JSON object.")
        return answer


def raise_for_status(host: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Return for a 2xx, else raise what the caller can act on; `host` is for people."""
    if 200 <= status < 300:
        return
    if status in BUSY_STATUSES or status >= 500:
        raise KickUnavailable(
            f"{host} is busy or down ({status}).", retry_after=read_retry_after(headers)
        )
    if status < 400:
        raise KickMalformed(f"{host} answered {status}, a redirect: check that its URL is right.")
    _raise_refusal(host, status, _refusal(body))


def _raise_refusal(host: str, status: int, refusal: JSONObject | None) -> NoReturn:
    # A proxy, or the guard before Kick, answers with a page; that is no verdict of Kick's on a
    # grant, and a grant must not be given up for it.
    if refusal is None:
        raise KickUnavailable(f"{host} answered {status} without JSON, as a proxy before it does.")
    error = _error_code(refusal)
    shown = f"{status} {error}".strip()
    if status == 401:
        raise KickUnauthorized(f"{host} refused the credential or token ({shown}).", error=error)
    raise KickRejected(f"{host} refused the request ({shown}).", status=status, error=error)


def _refusal(body: bytes) -> JSONObject | None:
    """The JSON object of an error's body, empty for an empty body; None when it is neither."""
    if not body:
        return JSONObject([])
    try:
        refusal = read_json(body)
    except JSONError:
        return None
    return refusal if isinstance(refusal, JSONObject) else None


def _error_code(refusal: JSONObject) -> str:
    error = refusal.get("error") or refusal.get("message")
    return error if isinstance(error, str) and _ERROR_CODE.fullmatch(error) else ""


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a Retry-After header asks for; None without one that makes sense."""
    value = headers.get("Retry-After")
    try:
        return Retry().parse_retry_after(value) if value else None
    except (InvalidHeader, ValueError, OverflowError):
        return None
