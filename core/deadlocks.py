"""The lock order of all writers: account, claim, entitlement, then report or confirmation.

Rows of one table are locked in the order of their keys.

This order prevents most deadlocks, but not all: foreign key checks take locks too, in an order that
the database chooses. So the victim of a deadlock is retried once.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")

# PostgreSQL's deadlock_detected and serialization_failure.
VICTIM_SQLSTATES = {"40P01", "40001"}


def is_deadlock(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in VICTIM_SQLSTATES


def retry_deadlock_once(service: Callable[P, R]) -> Callable[P, R]:
    """Decorate a service that owns its transaction: run it again if it was a deadlock's victim.

    Inside the caller's transaction, nothing is retried: the whole transaction is lost, and the
    caller has to start it again.
    """

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except OperationalError as error:
            if connection.in_atomic_block or not is_deadlock(error):
                raise
            return service(*args, **kwargs)

    return run
