"""The suite on PostgreSQL and SQLite side by side: `python -m tests.engines`.

What PostgreSQL's leg says is shown as it comes, what SQLite's leg says when it is over. Exits by
the worse of the two.
"""

import os
import signal
import subprocess
import sys
import tempfile
from typing import IO


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryFile() as said:
        legs = [_start("sqlite", arguments, said), _start("postgresql", arguments, None)]
        try:
            codes = [leg.wait() for leg in reversed(legs)]
        finally:
            for leg in legs:
                leg.terminate()
        said.seek(0)
        print(f"\n{said.read().decode(errors='replace')}", flush=True)
    return max(codes, key=abs)


def _start(
    database: str, arguments: list[str], output: IO[bytes] | None
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        env=os.environ | {"TEST_DATABASE": database},
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
