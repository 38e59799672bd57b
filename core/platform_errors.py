"""Errors of calls to a platform, one class per possible reaction of the caller.

`platforms/` translates its clients' errors into these, so that services need no platform's names.
"""


class PlatformError(Exception):
    """A call to a platform failed. The message is safe to show and to log."""


class PlatformUnavailable(PlatformError):
    """Down, busy or unreachable: try again later, after `retry_after` seconds if it says so.

    `status` is HTTP's; 0 if there was no response.
    """

    def __init__(self, message: str, *, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class PlatformPaused(PlatformUnavailable):
    """It blocks us or asks for a pause, or its request budget is used up: nothing failed.

    `core.request_budget` decides when to go on. `is_ours`: only our own budget is used up.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, is_ours: bool = False
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.is_ours = is_ours


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
