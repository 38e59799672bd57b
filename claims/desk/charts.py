"""Computes the rectangles of a stacked bar chart. A template draws them as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 720
HEIGHT = 160
GAP = 4
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of one series. `kind` is part of its CSS class."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of stacked parts. `x` and `width` are in units of the drawing."""

    label: str
    url: str
    values: tuple[int, ...]
    x: float
    width: float
    parts: list[Part]

    @property
    def total(self) -> int:
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart. `top` is the round number at its upper edge."""

    bars: list[Bar]
    top: int
    kinds: tuple[str, ...]
    width: int = WIDTH
    height: int = HEIGHT


def stack_bars(rows: Sequence[tuple[str, str, tuple[int, ...]]], *, kinds: tuple[str, ...]) -> Bars:
    """Lay out (label, url, values) rows. Values stack from the bottom up, one per kind."""
    top = round_up(max((sum(values) for _, _, values in rows), default=0))
    slot = WIDTH / max(len(rows), 1)
    bars = []
    for number, (label, url, values) in enumerate(rows):
        parts = []
        floor = float(HEIGHT)
        for kind, value in zip(kinds, values, strict=True):
            height = round(HEIGHT * value / top, 1)
            floor = round(floor - height, 1)
            parts.append(Part(kind, floor, height))
        x, width = round(number * slot + GAP / 2, 1), round(slot - GAP, 1)
        bars.append(Bar(label=label, url=url, values=values, x=x, width=width, parts=parts))
    return Bars(bars, top, kinds)


def round_up(number: int) -> int:
    """Round up to 1, 2 or 5 times a power of ten. At least 1, also for an empty chart."""
    power = 1
    while True:
        for step in STEPS:
            if step * power >= number:
                return step * power
        power *= 10
