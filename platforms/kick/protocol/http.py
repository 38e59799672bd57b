"""HTTP calls to Kick: pooled connections, limits on time and size, retries where they're safe.

`call` turns every failure into one of `errors`. Neither messages, nor chained exceptions, nor logs
contain a token or a secret.
"""

import logging
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from platforms.kick.protocol.answers import Answer, raise_for_status
from platforms.kick.protocol.errors import KickUnavailable

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
# For calls that a player waits for.
PLAYERS_TIMEOUT = (CONNECT_SECONDS, 5.0)
# The timeouts above restart with every packet. These limit a whole response's body.
ANSWER_SECONDS = 30.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024

_CHUNK_BYTES = 64 * 1024

Observe = Callable[[str, str], None]


class Gate(Protocol):
    """Decides when a request may be sent. Each call passes it."""

    def pass_through(self, path: str) -> AbstractContextManager[None]:
        """Runs around one request, and sees its KickError. Raises KickPaused to hold it back."""


def new_http(
    observe: Observe | None = None,
    *,
    user_agent: str = "studio-drops",
    gate: Gate | None = None,
) -> requests.Session:
    """Return a session for calls to Kick. Threads may share it, processes may not.

    `observe` receives the path and outcome of each request: the status code or "unreachable".
    """
    return _KickSession(observe, user_agent, gate)


def call(
    http: requests.Session,
    method: str,
    url: str,
    *,
    timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    answer_seconds: float = ANSWER_SECONDS,
    **request: Any,
) -> Answer:
    """Send one request and return the response if its status is 2xx.

    `timeout` is for connecting and for each read, in seconds. `answer_seconds` is for reading the
    whole body. `request` is passed on to
    `requests.request`. Raises KickUnavailable, KickUnauthorized, KickRejected, KickMalformed.
    """
    gate = getattr(http, "gate", None)
    with gate.pass_through(urlsplit(url).path) if gate else nullcontext():
        return _send(http, method, url, timeout=timeout, answer_seconds=answer_seconds, **request)


def _send(
    http: requests.Session,
    method: str,
    url: str,
    *,
    timeout: tuple[float, float],
    answer_seconds: float,
    **request: Any,
) -> Answer:
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        with http.request(
            method, url, timeout=timeout, allow_redirects=False, stream=True, **request
        ) as response:
            body = _read_body(response, answer_seconds)
    except (requests.RequestException, HTTPError, TimeoutError) as error:
        failure = type(error).__name__
    else:
        raise_for_status(host, response.status_code, response.headers, body)
        return Answer(response.status_code, body)
    # Raised outside of `except`, so that the original exception isn't chained. It may contain a
    # token.
    raise KickUnavailable(f"{host} can't be reached ({failure}). Check the network and the URL.")


def is_repeatable(request: requests.PreparedRequest) -> bool:
    """Whether it's safe to send this request twice.

    Authorization codes and refresh tokens can be used only once. Fetches of the public key are
    limited elsewhere (`public_keys`).
    """
    path = urlsplit(request.url or "").path
    if request.method != "POST":
        return not path.endswith("/public-key")
    is_app_token = "grant_type=client_credentials" in str(request.body)
    return is_app_token or path.endswith("/oauth/revoke")


class _KickSession(requests.Session):
    def __init__(self, observe: Observe | None, user_agent: str, gate: Gate | None) -> None:
        super().__init__()
        self.gate = gate
        self._observe = observe
        self.headers["User-Agent"] = user_agent
        self.headers["Accept"] = "application/json"
        # Cookies that Kick's CDN sets for one player must not be sent with another's request.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # With any `auth` set, requests doesn't replace our bearer token with one from ~/.netrc.
        self.auth = lambda request: request
        self.mount("https://", _CarefulAdapter())
        self.mount("http://", _CarefulAdapter())

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        outcome = "unreachable"
        try:
            response = super().send(request, **options)
            outcome = str(response.status_code)
            return response
        finally:
            if self._observe:
                self._observe(urlsplit(request.url or "").path, outcome)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect: it could send a credential to another host."""


class _CarefulAdapter(HTTPAdapter):
    """Retries only requests that are safe to repeat, and always sets a timeout."""

    def __init__(self) -> None:
        super().__init__(
            # No retry by status: each is a request more to a platform that is busy.
            max_retries=Retry(
                total=1,
                status=0,
                allowed_methods=None,  # `send` decides
                backoff_factor=0.25,
                backoff_jitter=0.25,
                raise_on_status=False,
            )
        )
        self._once = HTTPAdapter(max_retries=0)

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or (CONNECT_SECONDS, READ_SECONDS)
        if is_repeatable(request):
            return super().send(request, *args, **kwargs)
        return self._once.send(request, *args, **kwargs)

    def close(self) -> None:
        super().close()
        self._once.close()


def _read_body(response: requests.Response, seconds: float) -> bytes:
    """Read the body in chunks as they arrive, so that a slow server can't block us forever."""
    until = time.monotonic() + seconds
    chunks: list[bytes] = []
    size = 0
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_BYTES or time.monotonic() > until:
            raise TimeoutError
    return b"".join(chunks)


def hide_tokens(record: logging.LogRecord) -> bool:
    """Remove tokens from log records.

    Kick's revoke endpoint takes the token in the query string, and urllib3 logs the URLs of
    requests that it retries.
    """
    message = record.getMessage()
    if "token=" in message:
        record.msg, record.args = re.sub(r"token=[^&\s'\")]+", "token=…", message), None
    return True


for _name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(hide_tokens)
