"""The local Kick's clock. Scripts can advance it instead of waiting for an expiry."""

from datetime import datetime, timedelta

from django.utils import timezone

from .switches import read_switch, write_switch


def now() -> datetime:
    return timezone.now() + timedelta(seconds=read_switch("clock_seconds", 0))


def advance(*, seconds: float) -> datetime:
    """Advance the clock, or set it back with a negative number, and return the new time.

    A repeat moves it again.
    """
    write_switch("clock_seconds", read_switch("clock_seconds", 0) + seconds)
    return now()
