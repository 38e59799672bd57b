"""Bounded slots for slow work in a web process, so that it can't take every thread.

Webhooks share the process's threads. Work that waits for someone else, or needs much processor
time, takes a slot first; without a free one it is refused at once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


class Busy(Exception):
    """All slots are taken. Try again in a few seconds."""


class Slots:
    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a slot. Raises Busy at once if none is free."""
        if not self._free.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._free.release()


# For requests that wait for a platform or for the game's login. At least two threads of each
# process are left for webhooks.
OUTSIDE_CALLS = Slots(max(1, settings.WEB_THREADS - 2))
