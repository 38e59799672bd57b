"""What every writer of the ledger keeps to: KickUser, then Claim, then Entitlement, in key order.

Keeping to it leaves few deadlocks, not none (a foreign key's check takes a lock of its own, in the
order of the database's choosing), so a deadlock's victim is tried once more.
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
    """Run a service that owns its transaction, and run it again when it was a deadlock's victim.

    Inside a transaction of the caller's nothing is retried: that whole transaction is lost, and
    its owner has to begin it again.
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
