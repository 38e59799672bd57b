"""`python -m tests.bench [--quick] [W1 …]`: measure, print the table, exit 1 if a goal is missed.

`python -m tests.bench surge` is the simulation of a launch day (tests/bench/surge.py), `… cost`
measures what a single claim costs (tests/bench/cost.py), and `… memory` sweeps ten times as many
claims as the table does (tests/bench/memory.py). `… desk` asks for every page of the ops desk
with a million claims (tests/bench/desk/). `… redemptions` sends redemptions of channel points,
500 a second for a minute, and settles them (tests/bench/redemptions.py).
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.goals import Result, print_table
from tests.bench.harness import Harness, prepared_harness, say
from tests.bench.programs import REPOSITORY
from tests.bench.scale import FULL, QUICK
from tests.postgres import NoPostgres


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    scale = QUICK if options.quick else FULL
    parent = REPOSITORY / "var" / "bench"
    parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            tempfile.TemporaryDirectory(dir=parent, prefix="run-") as directory,
            prepared_harness(scale, Path(directory)) as harness,
        ):
            _print_conditions(harness)
            return _measure(harness, set(options.only))
    except NoPostgres as error:
        print(f"The benchmark needs PostgreSQL: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument(
        "only",
        nargs="*",
        help="goals, such as W1; or surge, cost, memory, redemptions or desk",
    )
    parser.add_argument("--quick", action="store_true", help="a sanity check of two minutes")
    return parser


def _measure(harness: Harness, only: set[str]) -> int:
    # They import Django's models, which the harness has set up by now.
    from tests.bench import cost, measures, memory, redemptions, surge
    from tests.bench.desk import goals as desk

    alone = {
        "surge": surge.run,
        "cost": cost.run,
        "memory": memory.run,
        "redemptions": redemptions.run,
        "desk": desk.run,
    }
    for name, run in alone.items():
        if only == {name}:
            return run(harness)
    results: list[Result] = []
    for keys, measure in measures.ALL.items():
        if not only or only.intersection(keys):
            results += measure(harness)
    if not results:
        print(f"There is no goal {', '.join(sorted(only))}.", file=sys.stderr)
        return 2
    print_table(results)
    return 1 if any(result.verdict != "PASS" for result in results) else 0


def _print_conditions(harness: Harness) -> None:
    import django
    import psycopg
    from django.db import connection

    connection.ensure_connection()
    version = connection.pg_version
    say(
        f"{harness.scale.name} form; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"PostgreSQL {version // 10000}.{version % 10000} with fsync and synchronous commit; "
        f"Python {platform.python_version()}, Django {django.__version__}, "
        f"psycopg {psycopg.__version__}; "
        f"Granian with {harness.workers} workers of {harness.threads} threads"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
