"""The caller's time, going on."""

import time
from datetime import datetime, timedelta


class RunningClock:
    """Begins at the time given: what takes long needs to know when Kick had really answered."""

    def __init__(self, now: datetime) -> None:
        self._began_at, self._began = now, time.monotonic()

    def __call__(self) -> datetime:
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)
