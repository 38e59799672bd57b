"""Errors of calls to Kick, one class per possible reaction of the caller.

Messages never contain a token, a secret or a response body.
"""


class KickError(Exception):
    """A call to Kick failed."""


class KickUnavailable(KickError):
    """Kick, or the network on the way to it, is down or busy. The same call may succeed later.

    `retry_after` is the wait in seconds that Kick asked for, or None if it didn't say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


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
