"""How calls to Kick travel: pooled, bounded in time and size, repeated where that is safe.

`call` turns every way in which a call can fail into one of `errors`, without a trace of what was
sent: neither messages nor chained exceptions nor logs hold a token or a secret.
"""

import logging
import re
import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from platforms.kick.protocol.answers import (
    BUSY_STATUSES,
    Answer,
    raise_for_status,
    read_retry_after,
)
from platforms.kick.protocol.errors import KickUnavailable

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
# The timeouts above start anew with every packet; a whole answer gets this long, and this much.
ANSWER_SECONDS = 30.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
# Kick may ask for a longer pause; then it is the caller that comes back, not a thread that sleeps.
MAX_PAUSE_SECONDS = 5.0

_CHUNK_BYTES = 64 * 1024

Observe = Callable[[str, str], None]


def new_http(
    observe: Observe | None = None, *, user_agent: str = "studio-drops"
) -> requests.Session:
    """Return a session for calls to Kick; it may be shared by threads, but not by processes.

    `observe` is told the path and the outcome of each request: the status, or "unreachable".
    """
    return _KickSession(observe, user_agent)


def call(
    http: requests.Session,
    method: str,
    url: str,
    *,
    timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    **request: Any,
) -> Answer:
    """Send one request and return the answer if its status is a 2xx.

    `timeout` is that of connecting and of each read, in seconds; `request` is what
    `requests.request` takes. Raises KickUnavailable, KickUnauthorized, KickRejected, KickMalformed.
    """
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        with http.request(
            method, url, timeout=timeout, allow_redirects=False, stream=True, **request
        ) as response:
            body = _read_body(response)
    except (requests.RequestException, HTTPError, TimeoutError) as error:
        failure = type(error).__name__
    else:
        raise_for_status(host, response.status_code, response.headers, body)
        return Answer(response.status_code, body)
    # Raised out here, so that the failure, whose text may hold a token, is no part of its chain.
    raise KickUnavailable(
        f"{host} could not be reached ({failure}): check the network and its URL."
    )


def is_repeatable(request: requests.PreparedRequest) -> bool:
    """Whether sending this twice does no more than sending it once.

    A code and a refresh token are spent by sending them. The public key has its own pace.
    """
    path = urlsplit(request.url or "").path
    if request.method != "POST":
        return not path.endswith("/public-key")
    is_app_token = "grant_type=client_credentials" in str(request.body)
    return is_app_token or path.endswith("/oauth/revoke")


class _KickSession(requests.Session):
    def __init__(self, observe: Observe | None, user_agent: str) -> None:
        super().__init__()
        self._observe = observe
        self.headers["User-Agent"] = user_agent
        self.headers["Accept"] = "application/json"
        # What Kick's edge stores for one player must not travel with the next one's request.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Having any `auth` keeps requests from replacing our bearer token by one from ~/.netrc.
        self.auth = _leave_as_it_is
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
        """No redirect is followed: it could carry a credential to somewhere else."""


def _leave_as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Retry(Retry):
    """urllib3's, with a bound on what a server may make us wait, and deaf to an odd Retry-After."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        return read_retry_after(response.headers)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Self:
        if response is not None and (self.get_retry_after(response) or 0) > MAX_PAUSE_SECONDS:
            raise MaxRetryError(kwargs["_pool"], url or "", error)
        return super().increment(method, url, response, error, *args, **kwargs)


class _CarefulAdapter(HTTPAdapter):
    """Repeats what is safe to repeat, and waits for nothing without an end."""

    def __init__(self) -> None:
        super().__init__(
            max_retries=_Retry(
                total=2,
                read=1,
                allowed_methods=None,  # `send` has already chosen
                status_forcelist=BUSY_STATUSES,
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


def _read_body(response: requests.Response) -> bytes:
    """Read what arrives, as it arrives: a server that drips has no way to hold us for good."""
    until = time.monotonic() + ANSWER_SECONDS
    chunks: list[bytes] = []
    size = 0
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_BYTES or time.monotonic() > until:
            raise TimeoutError
    return b"".join(chunks)


def _hide_tokens(record: logging.LogRecord) -> bool:
    """Kick takes the token to revoke in the query, and urllib3 logs the URLs of what it repeats."""
    message = record.getMessage()
    if "token=" in message:
        record.msg, record.args = re.sub(r"token=[^&\s'\")]+", "token=…", message), None
    return True


for _name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_hide_tokens)
