"""The local Kick's clock. Scripts can advance it instead of waiting for an expiry."""

from datetime import datetime, timedelta

from django.utils import timezone

from .models import Switch


def now() -> datetime:
    return timezone.now() + timedelta(seconds=Switch.read("clock_seconds", 0))


def advance(*, seconds: float) -> datetime:
    """Advance the clock, or set it back with a negative number, and return the new time.

    A repeat moves it again.
    """
    Switch.write("clock_seconds", Switch.read("clock_seconds", 0) + seconds)
    return now()
