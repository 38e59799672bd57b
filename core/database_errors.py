"""Tells an unavailable database from a bug."""

from django.db import InterfaceError, InternalError, OperationalError

# PostgreSQL's code for a write on a read-only server, such as a standby before its promotion.
READ_ONLY = "25006"


def is_unavailable(error: BaseException) -> bool:
    """Whether the same request may work in a few seconds, on this connection or a new one."""
    return isinstance(error, OperationalError | InterfaceError) or is_read_only(error)


def is_read_only(error: BaseException) -> bool:
    """Whether this server takes no writes."""
    cause = error.__cause__ or error
    return isinstance(error, InternalError) and getattr(cause, "sqlstate", None) == READ_ONLY
