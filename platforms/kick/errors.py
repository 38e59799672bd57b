"""Translates the errors of Kick's client into those of `core.platform_errors`."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.platform_errors import (
    PlatformError,
    PlatformMalformed,
    PlatformRefused,
    PlatformUnauthorized,
    PlatformUnavailable,
)
from platforms.kick.protocol.errors import (
    KickError,
    KickRejected,
    KickUnauthorized,
    KickUnavailable,
)


@contextmanager
def platform_errors() -> Iterator[None]:
    """Raise a PlatformError in place of a KickError."""
    try:
        yield
    except KickError as error:
        raise _translated(error) from error


def _translated(error: KickError) -> PlatformError:
    message = str(error)
    if isinstance(error, KickUnavailable):
        return PlatformUnavailable(message, retry_after=error.retry_after)
    if isinstance(error, KickUnauthorized):
        return PlatformUnauthorized(message)
    if isinstance(error, KickRejected):
        return PlatformRefused(message, status=error.status, code=error.error)
    return PlatformMalformed(message)
