"""D1 to D4: what the issue of the desk promises of its size, and the table of all pages."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.bench.goals import Goal, Result, print_table, ratios
from tests.bench.harness import Harness, say
from tests.bench.programs import REPOSITORY

FEW = 10_000
# Each round asks each side so often, in turns, and counts the quickest: what disturbs only slows.
ASKED_PER_ROUND = 2
# A quarter of the million of the full form.
READ_AT_MOST = 250_000

Page = dict[str, Any]


class Side:
    """One of the two databases, behind a process that asks for its pages."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, do: str, page: Page | None = None) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, "page": page}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise subprocess.CalledProcessError(self._process.wait(), f"{do} {page}")
        return json.loads(line)


@dataclass
class Measured:
    """What one page took on both sides: seconds round by round, queries, and rows read."""

    page: Page
    few: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    queries: tuple[int, int] = (0, 0)
    rows: tuple[int, int] = (0, 0)

    @property
    def name(self) -> str:
        return str(self.page["name"])

    @property
    def ratio(self) -> Result:
        return Result(_D1, ratios(self.many, self.few))


_D1 = Goal("D1", "the slowest page, its time with many claims against few", 2.0, at_least=False)


def run(harness: Harness) -> int:
    many = harness.scale.desk_claims
    with _sides(harness, many) as (few_side, many_side):
        pages = [Measured(page) for page in few_side.ask("list")]
        say(f"{len(pages)} pages: queries and rows")
        for page in pages:
            page.queries, page.rows = _look(page.page, few_side, many_side)
        for number in range(harness.scale.desk_rounds):
            say(f"round {number + 1} of {harness.scale.desk_rounds}")
            for page in pages:
                _time(page, few_side, many_side, swapped=bool(number % 2))
        export = next(page.page for page in pages if page.name == "export")
        memory = [side.ask("export", export) / 2**20 for side in (few_side, many_side)]
    _print_pages(pages, many)
    results = [*judge(pages, many), _judge_export(memory)]
    print_table(results)
    return 1 if any(result.verdict != "PASS" for result in results) else 0


@contextmanager
def _sides(harness: Harness, many: int) -> Iterator[tuple[Side, Side]]:
    now = datetime.now(UTC).isoformat()
    urls = [_filled(harness, name, size, now) for name, size in (("few", FEW), ("many", many))]
    with _side(urls[0]) as few_side, _side(urls[1]) as many_side:
        yield few_side, many_side


def _filled(harness: Harness, name: str, claims: int, now: str) -> str:
    began_at = time.monotonic()
    database_url = harness.new_database(name)
    subprocess.run(
        [sys.executable, "-m", "tests.bench.desk.filling", str(claims), now],
        env=os.environ | {"DATABASE_URL": database_url},
        cwd=REPOSITORY,
        check=True,
    )
    say(f"made {claims:,} claims in {time.monotonic() - began_at:.0f} s")
    return database_url


@contextmanager
def _side(database_url: str) -> Iterator[Side]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.desk.side"],
        env=os.environ | {"DATABASE_URL": database_url},
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Side(process)
    finally:
        process.kill()
        process.wait()


def _look(page: Page, few: Side, many: Side) -> tuple[tuple[int, int], tuple[int, int]]:
    """The first time warms up."""
    for side in (few, many):
        side.ask("look", page)
    one, other = few.ask("look", page), many.ask("look", page)
    return (one["queries"], other["queries"]), (one["rows"], other["rows"])


def _time(measured: Measured, few: Side, many: Side, *, swapped: bool) -> None:
    times: dict[Side, list[float]] = {few: [], many: []}
    for _ in range(ASKED_PER_ROUND):
        for side in (many, few) if swapped else (few, many):
            times[side].append(side.ask("time", measured.page))
    measured.few.append(min(times[few]))
    measured.many.append(min(times[many]))


def judge(pages: Sequence[Measured], many: int) -> Iterator[Result]:
    slowest = max(pages, key=lambda page: page.ratio.median)
    late = [page.name for page in pages if page.ratio.verdict != "PASS"]
    note = f"{slowest.name}; {len(late)} of {len(pages)} pages beyond it"
    yield Result(_D1, slowest.ratio.values, note)
    more = [page.name for page in pages if page.queries[1] > page.queries[0]]
    d2 = Goal("D2", "pages that make more queries with many claims", 0, at_least=False)
    yield Result(d2, [len(more)], ", ".join(more))
    greediest = max(pages, key=lambda page: page.rows[1])
    what = f"most rows and entries of indexes that a page reads, with {many:,} claims"
    d3 = Goal("D3", what, READ_AT_MOST, at_least=False)
    yield Result(d3, [greediest.rows[1]], greediest.name)


def _judge_export(memory: Sequence[float]) -> Result:
    what = "memory of an export with many claims, against few"
    d4 = Goal("D4", what, 1.25, at_least=False)
    return Result(d4, [memory[1] / memory[0]], f"{memory[1]:.2f} to {memory[0]:.2f} MiB")


def _print_pages(pages: Sequence[Measured], many: int) -> None:
    """As a table of Markdown, for docs/measurements/performance.md."""
    print(f"\n| page | {FEW:,} | {many:,} | ratio | range | queries | rows read |")
    print("|---|---|---|---|---|---|---|")
    for page in pages:
        ratio = page.ratio
        queries = " / ".join(str(count) for count in sorted(set(page.queries)))
        print(
            f"| {page.name} | {_ms(page.few)} | {_ms(page.many)} | {ratio.median:.2f} "
            f"| {min(ratio.values):.2f}-{max(ratio.values):.2f} | {queries} | {page.rows[1]:,} |"
        )


def _ms(seconds: Sequence[float]) -> str:
    middle = sorted(seconds)[len(seconds) // 2]
    return f"{middle * 1000:.0f} ms"
