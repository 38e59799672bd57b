"""The web server, based on Granian: `python -m studio_drops.server`.

Granian reads and writes HTTP outside of Python, so the GIL is free for the requests. See
docs/decisions/0011-the-web-server-is-granian.md.
"""

import argparse
import gc
import itertools
import logging
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

from core.logs import log_event
from studio_drops import settings
from studio_drops.monitoring.prometheus import share_metrics
from studio_drops.settings import env

logger = logging.getLogger("studio_drops.server")

STOP_SECONDS = 10
# Longer than the idle timeout of common proxies, so that the proxy closes idle connections.
IDLE_MILLISECONDS = 75_000
# Threads hold database connections, so keep them through quiet minutes.
THREAD_IDLE_SECONDS = 600
# For the request line and all headers. An OIDC provider may send a long code in the callback URL.
LONGEST_HEAD_BYTES = 64 * 1024

_LOGGING = settings.LOGGING | {"loggers": settings.LOGGING["loggers"] | {"_granian": {}}}


def main() -> None:
    """Serve until SIGTERM or SIGINT, then finish the running requests and exit."""
    application = _read_arguments().application
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio_drops.settings")
    workers = _at_least_one("WEB_WORKERS", env.int("WEB_WORKERS", default=1))
    threads = _at_least_one("WEB_THREADS", env.int("WEB_THREADS", default=4))
    host, port = _address(env.str("WEB_BIND", default="127.0.0.1:8000"))
    share_metrics("web")
    server = Granian(
        application,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
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
    log_event(logger, "serving", address=host, port=port, workers=workers, threads=threads)
    server.serve(target_loader=partial(_load, os.getpid()))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m studio_drops.server",
        description="Serve on WEB_BIND, with WEB_WORKERS processes of WEB_THREADS threads each.",
    )
    parser.add_argument(
        "application",
        nargs="?",
        default="studio_drops.wsgi:application",
        help="another WSGI application to serve, as module:name (used by the benchmark)",
    )
    return parser.parse_args()


def _at_least_one(variable: str, number: int) -> int:
    if number < 1:
        sys.exit(f"{variable} is {number}: expected 1 or more.")
    return number


def _address(bind: str) -> tuple[str, int]:
    """Return the IP address and port of `bind`, which may contain a host name.

    Exits if the address can't be used, for example because another process listens there. Granian
    itself would share the port with that process.
    """
    host, colon, port = bind.rpartition(":")
    host = host.strip("[]")
    try:
        if not colon:
            raise ValueError("expected ADDRESS:PORT")  # noqa: TRY301
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, int(port)), family=family) as probe:
            address: str = probe.getsockname()[0]
    except (OSError, ValueError, OverflowError) as error:
        sys.exit(f"WEB_BIND is {bind!r}. The web server can't listen there: {error}.")
    return address, int(port)


def _load(parent: int, target: str) -> Callable[..., Any]:
    """Set up a worker process and return the application."""
    threading.Thread(target=_look_after, args=(parent,), daemon=True).start()
    application: Callable[..., Any] = import_string(target.replace(":", "."))
    _forget_secrets()
    # Everything loaded so far stays in memory, so exclude it from garbage collection.
    gc.freeze()
    return application


def _look_after(parent: int) -> None:
    """Exit when the parent was killed, and collect garbage regularly. Runs in its own thread.

    Without the exit, this worker would keep serving next to those of a restarted server. The
    collection closes database connections of threads that ended: Django's connection objects
    contain reference cycles, so only the collector frees them.
    """
    for seconds in itertools.count(1):
        time.sleep(1)
        if os.getppid() != parent:
            break
        if seconds % THREAD_IDLE_SECONDS == 0:
            gc.collect()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os._exit(1)


def _forget_secrets() -> None:
    """Delete secrets from the environment, which Granian copies into each request's `META`."""
    for name in settings.SECRET_VARIABLES:
        os.environ.pop(name, None)


if __name__ == "__main__":
    main()
