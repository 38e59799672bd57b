"""How often a race is run."""

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def races(full: int) -> int:
    """That share of the full number which RACES asks for: 0.1 by default, 1 in the CI."""
    return max(1, round(full * float(os.environ.get("RACES", "0.1"))))


def some_of(cases: Sequence[T], *, at_least: int) -> list[T]:
    """Slow cases, spread over all of them: that share which RACES asks for, all of them at 1."""
    count = min(len(cases), max(at_least, races(len(cases))))
    return [cases[index * len(cases) // count] for index in range(count)]
