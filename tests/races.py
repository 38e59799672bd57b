"""How often a race is run, and how many of the slow cases."""

import os
from collections.abc import Sequence
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def races(full: int) -> int:
    """That share of the full number which RACES asks for: 0.1 by default, 0.2 in the CI.

    SQLite lets one writer in at a time, so there a tenth of it shows what there is to see.
    """
    share = _share() / 10 if connection.vendor == "sqlite" else _share()
    return max(1, round(full * share))


def some_of(cases: Sequence[T], *, at_least: int) -> list[T]:
    """Slow cases, spread over all of them: that share which RACES asks for, all of them at 1."""
    count = min(len(cases), max(at_least, round(len(cases) * _share())))
    return [cases[index * len(cases) // count] for index in range(count)]


def _share() -> float:
    return float(os.environ.get("RACES", "0.1"))
