"""Pauses between attempts: they double, they vary, and they end at a cap."""

from datetime import timedelta

import pytest

from core.backoff import BackOff

FIRST, LONGEST = timedelta(seconds=10), timedelta(minutes=5)
BACK_OFF = BackOff(first=FIRST, longest=LONGEST)


@pytest.mark.parametrize(
    ("failures", "full"),
    [(0, FIRST), (1, FIRST), (2, 2 * FIRST), (3, 4 * FIRST), (6, LONGEST), (10_000, LONGEST)],
)
def test_pause_doubles_up_to_the_longest(failures: int, full: timedelta) -> None:
    pauses = [BACK_OFF.pause(failures) for _ in range(100)]

    assert full / 2 <= min(pauses) <= max(pauses) <= full


def test_pause_varies_even_at_its_longest() -> None:
    assert len({BACK_OFF.pause(20) for _ in range(20)}) > 1


def test_pause_is_at_least_what_the_platform_asked_for() -> None:
    assert BACK_OFF.pause(1, retry_after=60.0) == timedelta(seconds=60)
    assert BACK_OFF.pause(6, retry_after=1.0) >= LONGEST / 2


@pytest.mark.parametrize("retry_after", [3600.0, 1e300])
def test_pause_is_never_above_the_longest(retry_after: float) -> None:
    assert BACK_OFF.pause(1, retry_after=retry_after) == LONGEST
