"""The local Kick's own time: scripts may move it, so that nobody waits for an expiry."""

from datetime import datetime, timedelta

from django.utils import timezone

from .switches import read_switch, write_switch


def now() -> datetime:
    return timezone.now() + timedelta(seconds=read_switch("clock_seconds", 0))


def advance(*, seconds: float) -> datetime:
    """Move the clock on (or back, with a negative number); a repeat moves it again.

    Returns the new time.
    """
    write_switch("clock_seconds", read_switch("clock_seconds", 0) + seconds)
    return now()
