"""The web server: `python -m studio_drops.web_server`. Granian, with what we ask of it.

Granian reads and writes HTTP outside of Python, which leaves the interpreter's lock to the
requests: docs/decisions/0011-the-web-server-is-granian.md.
"""

import argparse
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.utils.module_loading import import_string
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from studio_drops import settings
from studio_drops.settings import env
from studio_drops.shared_metrics import share_metrics

BIND = env.str("WEB_BIND", default="127.0.0.1:8000")
WORKERS = env.int("WEB_WORKERS", default=1)
THREADS = env.int("WEB_THREADS", default=4)

STOP_SECONDS = 10
# Longer than the idle time of the usual proxies, so that it is they who close a connection.
IDLE_MILLISECONDS = 75_000
# Threads keep their database connections, so they are not let go for a quiet minute.
THREAD_IDLE_SECONDS = 600
# One line and all headers; a login of a studio's OIDC provider may come back with a long code.
LONGEST_HEAD_BYTES = 64 * 1024

_LOGGING = settings.LOGGING | {"loggers": settings.LOGGING["loggers"] | {"_granian": {}}}


def main() -> None:
    """Serve until TERM or INT; what is under way is answered first."""
    application = _read_arguments().application
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio_drops.settings")
    host, port = _address(BIND)
    share_metrics("web")
    server = Granian(
        application,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=WORKERS,
        blocking_threads=THREADS,
        blocking_threads_idle_timeout=THREAD_IDLE_SECONDS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=IDLE_MILLISECONDS, max_buffer_size=LONGEST_HEAD_BYTES
        ),
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    server.serve(target_loader=partial(_load, os.getpid()))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m studio_drops.web_server",
        description="Serve on WEB_BIND, with WEB_WORKERS processes of WEB_THREADS threads each.",
    )
    parser.add_argument(
        "application",
        nargs="?",
        default="studio_drops.wsgi:application",
        help="another WSGI application, as module:name (the benchmark has some)",
    )
    return parser.parse_args()


def _address(bind: str) -> tuple[str, int]:
    """The address to listen on. Ends the process if nobody can, because it is somebody else's.

    Granian itself would share it with whoever listens there already.
    """
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, int(port)), family=family).close()
    except (OSError, ValueError, OverflowError) as error:
        sys.exit(f"WEB_BIND is {bind!r}, where the web cannot listen: {error}.")
    return host, int(port)


def _load(parent: int, target: str) -> Callable[..., Any]:
    """What each worker process does first."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    application: Callable[..., Any] = import_string(target.replace(":", "."))
    _forget_secrets()
    # What is there now stays; the collector need not look through it again and again.
    gc.freeze()
    return application


def _end_with(parent: int) -> None:
    """A worker whose parent was killed would serve on beside the next one's."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _forget_secrets() -> None:
    """The settings have read them, and Granian shows its environment to each request's `META`."""
    for name in settings.SECRET_VARIABLES:
        os.environ.pop(name, None)


if __name__ == "__main__":
    main()
