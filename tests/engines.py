"""Run the suite on PostgreSQL and SQLite side by side: `python -m tests.engines [pytest options]`.

A test that uses the database runs on both engines. Any other test runs on one of them: see
`ONLY_ON`. Output of the PostgreSQL leg is shown as it comes, that of the SQLite leg at the end.
The exit status is the worse of the two.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Container
from pathlib import Path
from typing import IO

REPOSITORY = Path(__file__).parent.parent
ENGINES = ("postgresql", "sqlite")
# Marker -> the leg that runs its tests; the other one deselects them. The first marker that a test
# has decides. Chosen so that both legs take about as long.
ONLY_ON = {
    "postgresql": "postgresql",
    "chromium": "sqlite",
    "processes": "postgresql",
    "no_database": "sqlite",
}


def only_leg(markers: Container[str]) -> str | None:
    """The leg that runs a test with these markers; None when both do."""
    return next((leg for marker, leg in ONLY_ON.items() if marker in markers), None)


def kept_files(engine: str) -> Path:
    """Where a leg's screenshots and caches go. No other leg reads or writes there."""
    return REPOSITORY / "var" / "tests" / engine


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryFile() as output:
        legs = [_start("sqlite", arguments, output), _start("postgresql", arguments, None)]
        try:
            codes = [leg.wait() for leg in reversed(legs)]
        finally:
            for leg in legs:
                leg.terminate()
        output.seek(0)
        print(f"\n{output.read().decode(errors='replace')}", flush=True)
    return max(codes, key=abs)


def _start(
    engine: str, arguments: list[str], output: IO[bytes] | None
) -> "subprocess.Popen[bytes]":
    kept = kept_files(engine)
    options = ["--as-leg", "-o", f"cache_dir={kept / 'pytest-cache'}"]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *arguments],
        env=os.environ
        | {
            "TEST_DATABASE": engine,
            "HYPOTHESIS_STORAGE_DIRECTORY": str(kept / "hypothesis"),
        },
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
