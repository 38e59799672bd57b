"""Run it: `python -m local.game_server --port 8300 --database var/game.sqlite3`.

DROPS_URL, DROPS_KEY and DROPS_SECRET say where the product is, and how to talk to it.
"""

import argparse
import os

from examples.python.game_server import Drops, Game
from local.game_server.server import GameServer, Handler


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.game_server", description=__doc__)
    parser.add_argument("--port", type=int, default=8300)
    parser.add_argument("--database", default="game.sqlite3")
    options = parser.parse_args()
    server = GameServer(
        ("127.0.0.1", options.port),
        Handler,
        drops=Drops(os.environ["DROPS_URL"], os.environ["DROPS_KEY"]),
        game=Game(options.database),
        secret=os.environ["DROPS_SECRET"],
    )
    print(f"The game server listens on http://localhost:{options.port}.", flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main()
