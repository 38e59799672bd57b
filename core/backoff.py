"""How long to wait before the next attempt."""

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class BackOff:
    """A pause that starts at `first`, doubles with each failure, and is at most `longest`."""

    first: timedelta
    longest: timedelta

    def pause(self, failures: int, *, retry_after: float | None = None) -> timedelta:
        """Return the pause after `failures` failures in a row.

        It is between half of the doubled pause and all of it, chosen at random so that workers
        don't retry in step. It is at least `retry_after` (in seconds), but never above `longest`.
        """
        doubled: timedelta = min(self.first * 2 ** min(max(failures, 1) - 1, 16), self.longest)
        jittered = doubled * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        asked_for = min(retry_after or 0, self.longest.total_seconds())
        return max(jittered, timedelta(seconds=asked_for))
