"""What can go wrong in a call to Kick, told apart by what the caller can do about it.

No message here ever holds a token, a secret or the body of an answer.
"""


class KickError(Exception):
    """A call to Kick did not do what it was asked."""


class KickUnavailable(KickError):
    """Kick, or the way to it, is down or busy: the same call may succeed later.

    `retry_after` is the wait in seconds that Kick asked for, or None when it named none.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class KickUnauthorized(KickError):
    """Kick refused the credential or token (401): another one is needed, not another try.

    `error` is as in KickRejected: "invalid_client" blames our credential, not the token.
    """

    def __init__(self, message: str, *, error: str = "") -> None:
        super().__init__(message)
        self.error = error


class KickRejected(KickError):
    """Kick refused the request itself (a 4xx other than 401 and 429): repeating it is no use.

    `error` is Kick's own short code, such as "invalid_grant", or "" when it gave none.
    """

    def __init__(self, message: str, *, status: int, error: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = error


class KickMalformed(KickError):
    """Kick answered, but not as its documentation says."""
