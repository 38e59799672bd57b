"""A clock for code that takes `clock`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.factories import NOW


@dataclass
class HandClock:
    """A clock that only moves when a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by
