"""Translates the errors of Kick's client into those of `core.platform_errors`."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.platform_errors import (
    PlatformMalformed,
    PlatformPaused,
    PlatformRefused,
    PlatformUnauthorized,
    PlatformUnavailable,
)
from platforms.kick.protocol.errors import (
    KickError,
    KickPaused,
    KickRejected,
    KickUnauthorized,
    KickUnavailable,
)


@contextmanager
def platform_errors() -> Iterator[None]:
    """Raise a PlatformError in place of a KickError."""
    try:
        yield
    except KickPaused as error:
        raise PlatformPaused(
            str(error), retry_after=error.retry_after, is_ours=error.is_ours
        ) from error
    except KickUnavailable as error:
        raise PlatformUnavailable(
            str(error), status=error.status, retry_after=error.retry_after
        ) from error
    except KickUnauthorized as error:
        raise PlatformUnauthorized(str(error)) from error
    except KickRejected as error:
        raise PlatformRefused(str(error), status=error.status, code=error.error) from error
    except KickError as error:
        raise PlatformMalformed(str(error)) from error
