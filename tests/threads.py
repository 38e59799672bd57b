"""Runs things at the same time, each in a thread with a database connection of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
    """What each act returned, in order; all begin together. Raises what any of them raised."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        try:
            connection.ensure_connection()
            gate.wait(timeout=60)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(acts)) as pool:
        return list(pool.map(run, acts))
