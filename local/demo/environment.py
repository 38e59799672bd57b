"""The directory and ports of one demo, and the programs that run there."""

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local.demo.supervisor import Program

REPOSITORY = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
CLIENT_ID = "studio-drops-demo"
CLIENT_SECRET = "development-only"  # noqa: S105 (the local Kick's, on loopback)
# The environment variables that a program needs when it must not see the developer's settings.
NEUTRAL_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Environment:
    var_dir: Path
    web_port: int
    local_kick_port: int
    game_server_port: int
    surroundings: Mapping[str, str]

    @property
    def web_url(self) -> str:
        return f"http://localhost:{self.web_port}"

    @property
    def local_kick_url(self) -> str:
        return f"http://localhost:{self.local_kick_port}"

    @property
    def game_server_url(self) -> str:
        return f"http://localhost:{self.game_server_port}"

    @property
    def environment(self) -> dict[str, str]:
        ours = {
            "DEBUG": "1",
            "VAR_DIR": str(self.var_dir),
            "PUBLIC_URL": self.web_url,
            "WEB_BIND": f"{LOOPBACK}:{self.web_port}",
            "GAME_LOGIN": "accounts.game_logins.demo.DemoLogin",
            "KICK_ID_URL": self.local_kick_url,
            "KICK_API_URL": self.local_kick_url,
            "KICK_INVENTORY_URL": f"{self.local_kick_url}/",
            "KICK_CLIENT_ID": CLIENT_ID,
            "KICK_CLIENT_SECRET": CLIENT_SECRET,
            "PYTHONUNBUFFERED": "1",
            # Hide Celery's warning about running as root, which is normal in a container.
            "PYTHONWARNINGS": "ignore:You're running the worker",
            "PYTHONPATH": str(REPOSITORY),
        }
        foreign = ("KICK_CLIENT_SECRET_FILE", "PROMETHEUS_MULTIPROC_DIR", "LOCAL_KICK_DATABASE")
        rest = {name: value for name, value in self.surroundings.items() if name not in foreign}
        return rest | ours

    def local_kick(self) -> Program:
        database = str(self.var_dir / "local-kick.sqlite3")
        options = ("--port", str(self.local_kick_port), "--database", database)
        return self._program("local Kick", "local.kick", *options)

    def web(self) -> Program:
        return self._program("web", "studio_drops.server")

    def worker(self) -> Program:
        # Threads are enough, because a worker on a laptop mostly waits for HTTP.
        options = ("--pool", "threads", "--concurrency", "3", "--loglevel", "info")
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        celery = ("--quiet", "-A", "studio_drops")
        return self._program("worker", "celery", *celery, "worker", *options, *quiet)

    def game_server(self, *, api_key: str, webhook_secret: str) -> Program:
        database = str(self.var_dir / "game.sqlite3")
        options = ("--port", str(self.game_server_port), "--database", database)
        program = self._program("game", "local.game_server", *options)
        drops = {"DROPS_URL": self.web_url, "DROPS_KEY": api_key, "DROPS_SECRET": webhook_secret}
        return replace(program, environment={**program.environment, **drops})

    def scheduler(self) -> Program:
        celery = ("--quiet", "-A", "studio_drops")
        return self._program("scheduler", "celery", *celery, "beat", "--pidfile=")

    def command(self, *arguments: str) -> Program:
        """One of our management commands. It exits when it's done."""
        command = [sys.executable, str(REPOSITORY / "manage.py"), *arguments]
        return Program(arguments[0], command, self.environment)

    def _program(self, name: str, module: str, *options: str) -> Program:
        return Program(name, [sys.executable, "-m", module, *options], self.environment)


def neutral_surroundings() -> dict[str, str]:
    return {name: os.environ[name] for name in NEUTRAL_VARIABLES if name in os.environ}


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that aren't in use now."""
    listeners = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def is_taken(port: int) -> bool:
    """Whether a process listens where a browser would open `http://localhost:PORT`."""
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        return True
    try:
        socket.create_connection(("::1", port), timeout=1).close()
    except OSError:
        return False
    return True
