"""python -m local.kick --port 8100 --database var/local-kick.sqlite3"""

import argparse
import sys
from pathlib import Path

from django.db import DatabaseError

from local.kick.server import HOST, Server, prepare, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.kick", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=8100, help="port; 0 picks a free one (default: 8100)"
    )
    parser.add_argument("--database", type=Path, default=Path("var/local-kick.sqlite3"))
    arguments = parser.parse_args()
    try:
        server = Server(arguments.port)
    except OSError as error:
        sys.exit(
            f"The local Kick can't listen on {HOST}:{arguments.port} ({error.strerror}). "
            "Stop the process that uses the port, or choose another with --port."
        )
    try:
        application = prepare(arguments.database.resolve())
    except (OSError, DatabaseError) as error:
        sys.exit(
            f"The local Kick can't write to {arguments.database} ({error}). "
            "Choose another file with --database."
        )
    serve(server, application)


if __name__ == "__main__":
    main()
