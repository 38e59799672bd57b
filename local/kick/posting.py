"""One POST to a webhook, over a new connection, with a timeout of three seconds in total.

Kick doesn't document its timeout. Three seconds is the community's figure for event webhooks.
"""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE_SECONDS = 3.0
ANSWER_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """A webhook's response. If `status` is None, there was none, and `text` says why."""

    status: int | None
    text: str
    milliseconds: float


def post(url: str, *, headers: Mapping[str, str], body: bytes, cut: bool) -> Answer:
    """Send the request. `cut` closes the connection in the middle of the body."""
    started = time.monotonic()
    try:
        status, text = _exchange(url, headers, body, cut=cut)
    except (OSError, http.client.HTTPException, ValueError) as error:
        status, text = None, f"no answer: {type(error).__name__}: {error}"[:ANSWER_CHARACTERS]
    return Answer(status, text, milliseconds=round((time.monotonic() - started) * 1000, 1))


def _exchange(
    url: str, headers: Mapping[str, str], body: bytes, *, cut: bool
) -> tuple[int | None, str]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS)
    connection.connect()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest("POST", target, skip_accept_encoding=True)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders()
        if cut:
            connection.send(body[: len(body) // 2])
            return None, "no answer: the connection was cut on purpose"
        connection.send(body)
        _wait_at_most(connection, deadline)
        response = connection.getresponse()
        read = b""
        # Read in chunks, so that a server that sends its body slowly can't exceed the deadline.
        while len(read) < ANSWER_CHARACTERS and (chunk := response.read1(4 * ANSWER_CHARACTERS)):
            read += chunk
            _wait_at_most(connection, deadline)
        return response.status, read.decode(errors="replace")[:ANSWER_CHARACTERS]
    finally:
        connection.close()


def _wait_at_most(connection: http.client.HTTPConnection, deadline: float) -> None:
    if connection.sock is not None:
        connection.sock.settimeout(max(deadline - time.monotonic(), 0.001))
