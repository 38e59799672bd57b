"""Clocks: functions that return the time. Tests pass one that stands still."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

Clock = Callable[[], datetime]


class RunningClock:
    """Starts at `now`. Long jobs use it to record when the platform really responded."""

    def __init__(self, now: datetime) -> None:
        self._began_at, self._began = now, time.monotonic()

    def __call__(self) -> datetime:
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)
