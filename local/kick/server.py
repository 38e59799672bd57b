"""The server: gunicorn on a loopback socket, with one worker of sixteen threads."""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connections
from gunicorn.app.base import BaseApplication

from local.kick.secret_key import read_secret_key

HOST = "127.0.0.1"
THREADS = 16


def bind(port: int) -> socket.socket:
    """Return a bound loopback socket. Port 0 picks a free one. Raises OSError if it's in use."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


def prepare(database: Path) -> Any:
    """Migrate the database and return the application. Raises OSError or DatabaseError."""
    os.environ["LOCAL_KICK_DATABASE"] = str(database)
    os.environ["LOCAL_KICK_SECRET_KEY"] = read_secret_key(beside=database)
    os.environ["DJANGO_SETTINGS_MODULE"] = "local.kick.settings"
    application = get_wsgi_application()
    call_command("migrate", verbosity=0)
    # The worker is forked from this process, and SQLite connections must not cross a fork.
    connections.close_all()
    return application


def serve(application: Any, *, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT. Doesn't return."""
    _Server(application, listener=listener).run()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, application: Any, *, listener: socket.socket) -> None:
        self.application = application
        self.options = _options(listener)
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.application


def _options(listener: socket.socket) -> Mapping[str, Any]:
    port = listener.getsockname()[1]

    def announce(_worker: Any) -> None:
        sys.stdout.write(f"Local Kick is ready at http://localhost:{port} (not Kick)\n")
        sys.stdout.flush()

    return {
        "bind": f"fd://{listener.fileno()}",
        "workers": 1,
        "worker_class": "gthread",
        "threads": THREADS,
        "graceful_timeout": 5,
        # Creating a million claims keeps a thread busy for a minute.
        "timeout": 300,
        "loglevel": "warning",
        "control_socket_disable": True,
        "post_worker_init": announce,
        "worker_exit": _close,
    }


def _close(_server: Any, _worker: Any) -> None:
    from local.kick.webhooks import close_pool

    close_pool()
