"""A clock that starts at the caller's `now`."""

import time
from datetime import datetime, timedelta


class RunningClock:
    """Starts at `now`. Long jobs use it to record when Kick really responded."""

    def __init__(self, now: datetime) -> None:
        self._began_at, self._began = now, time.monotonic()

    def __call__(self) -> datetime:
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)
