"""Errors of calls to a platform, one class per possible reaction of the caller.

`platforms/` translates its clients' errors into these, so that services need no platform's names.
"""


class PlatformError(Exception):
    """A call to a platform failed. The message is safe to show and to log."""


class PlatformUnavailable(PlatformError):
    """Down, busy or unreachable: try again later, after `retry_after` seconds if it says so."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PlatformUnauthorized(PlatformError):
    """The platform refuses our credentials. Staff must fix them."""


class PlatformRefused(PlatformError):
    """The platform refuses this request. `status`: HTTP's. `code`: the platform's, or ""."""

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class PlatformMalformed(PlatformError):
    """The platform's response can't be used."""
