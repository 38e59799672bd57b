"""Errors of calls to Kick, one class per possible reaction of the caller.

Messages never contain a token, a secret or a response body.
"""


class KickError(Exception):
    """A call to Kick failed."""


class KickUnavailable(KickError):
    """Kick, or the network on the way to it, is down or busy. The same call may succeed later.

    `retry_after` is the wait in seconds that Kick asked for, or None if it didn't say. `status` is
    HTTP's; 0 if there was no response.
    """

    def __init__(self, message: str, *, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class KickPaused(KickUnavailable):
    """Kick asks for a pause (429), or its protection (Cloudflare) blocks us (403).

    `is_ours`: the request wasn't sent, because our own budget is used up.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        retry_after: float | None = None,
        is_ours: bool = False,
    ) -> None:
        super().__init__(message, status=status, retry_after=retry_after)
        self.is_ours = is_ours


class KickUnauthorized(KickError):
    """Kick refused the credentials or token (401). Retry only with a different token.

    `error` is as in KickRejected. "invalid_client" means that the app's credentials are wrong.
    """

    def __init__(self, message: str, *, error: str = "") -> None:
        super().__init__(message)
        self.error = error


class KickRejected(KickError):
    """Kick refused the request (a 4xx other than 401 and 429). Repeating it won't help.

    `error` is Kick's error code, such as "invalid_grant", or "" if the response has none.
    """

    def __init__(self, message: str, *, status: int, error: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = error


class KickMalformed(KickError):
    """Kick's response doesn't match its documentation."""
