"""Bars, measured out for an SVG of our own: numbers in, rectangles out. Nothing is drawn here."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 720
HEIGHT = 160
GAP = 4
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of one series; `kind` is its class in the stylesheet."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of stacked parts; `x` and `width` in the units of the drawing."""

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
    """A chart: its bars, and the round number that its top stands for."""

    bars: list[Bar]
    top: int
    kinds: tuple[str, ...]
    width: int = WIDTH
    height: int = HEIGHT


def stack_bars(rows: Sequence[tuple[str, str, tuple[int, ...]]], *, kinds: tuple[str, ...]) -> Bars:
    """Measure out (label, url, values) rows; values stand from the bottom up, one to a kind."""
    top = round_up(max((sum(values) for _, _, values in rows), default=0))
    slot = WIDTH / max(len(rows), 1)
    bars = [
        Bar(
            label=label,
            url=url,
            values=values,
            x=round(number * slot + GAP / 2, 1),
            width=round(slot - GAP, 1),
            parts=_stack(values, kinds, top),
        )
        for number, (label, url, values) in enumerate(rows)
    ]
    return Bars(bars, top, kinds)


def _stack(values: tuple[int, ...], kinds: tuple[str, ...], top: int) -> list[Part]:
    parts = []
    floor = float(HEIGHT)
    for kind, value in zip(kinds, values, strict=True):
        height = round(HEIGHT * value / top, 1)
        floor = round(floor - height, 1)
        parts.append(Part(kind, floor, height))
    return parts


def round_up(number: int) -> int:
    """The next 1, 2 or 5 with zeros; at least 1, as a chart of nothing has a top, too."""
    power = 1
    while True:
        for step in STEPS:
            if step * power >= number:
                return step * power
        power *= 10
