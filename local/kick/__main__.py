"""python -m local.kick --port 8100 --database var/local-kick.sqlite3"""

import argparse
import sys
from pathlib import Path

from django.db import DatabaseError

from local.kick.server import HOST, bind, prepare, serve


def main() -> None:
    arguments = _read_arguments()
    try:
        listener = bind(arguments.port)
    except OSError as error:
        sys.exit(
            f"Local Kick cannot listen on {HOST}:{arguments.port} ({error.strerror}): "
            "stop what uses that port, or choose another with --port."
        )
    try:
        application = prepare(arguments.database.resolve())
    except (OSError, DatabaseError) as error:
        sys.exit(
            f"Local Kick cannot keep its state in {arguments.database} ({error}): "
            "choose a file that can be written with --database."
        )
    serve(application, listener=listener)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.kick", description=__doc__)
    parser.add_argument("--port", type=int, default=8100, help="0 takes a free one (default: 8100)")
    parser.add_argument("--database", type=Path, default=Path("var/local-kick.sqlite3"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
