"""The goals of `make bench`, and what was measured beside them."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A bound for a ratio: `at_least` it, or at most it."""

    key: str
    what: str
    bound: float
    at_least: bool = True
    unit: str = ""

    def is_met_by(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True)
class Result:
    """The median of what each round measured, or why there is nothing; `note` has the figures."""

    goal: Goal
    values: Sequence[float] = ()
    note: str = ""

    @property
    def verdict(self) -> str:
        if not self.values:
            return "MISSING"
        return "PASS" if self.goal.is_met_by(self.median) else "NOT MET"

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def ratios(of: Iterable[float], to: Iterable[float]) -> list[float]:
    """Round by round, because what disturbs a machine disturbs both sides of a round."""
    return [one / other for one, other in zip(of, to, strict=True)]


def print_table(results: Sequence[Result]) -> None:
    print(f"\n{'':8}  {'goal':>9}  {'measured':>9}  {'range':>13}  {'':7}  what")
    for result in results:
        print(_line(result))
    missed = [result for result in results if result.verdict != "PASS"]
    print(f"\n{len(results) - len(missed)} of {len(results)} goals met.")


def _line(result: Result) -> str:
    goal = result.goal
    sign = "≥" if goal.at_least else "≤"
    bound = f"{sign} {goal.bound:g}{goal.unit}"
    measured = f"{result.median:.2f}{goal.unit}" if result.values else "-"
    spread = f"{min(result.values):.2f}-{max(result.values):.2f}" if result.values else ""
    note = f"  ({result.note})" if result.note else ""
    return (
        f"{goal.key:8}  {bound:>9}  {measured:>9}  {spread:>13}  "
        f"{result.verdict:7}  {goal.what}{note}"
    )
