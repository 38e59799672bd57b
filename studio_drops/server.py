"""The web server, based on Granian: `python -m studio_drops.server`.

Granian reads and writes HTTP outside of Python, so the GIL is free for the requests. See
docs/decisions/0011-the-web-server-is-granian.md. WEB_BIND, WEB_WORKERS and WEB_THREADS configure
it. The benchmark names another WSGI application in the only argument.
"""

import argparse
import gc
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from core.logs import collect_printed_fields_only, log_event
from studio_drops import settings
from studio_drops.monitoring.prometheus import share_metrics
from studio_drops.settings import env

logger = logging.getLogger("studio_drops.server")

STOP_SECONDS = 10
# Longer than the idle timeout of common proxies, so that the proxy closes idle connections.
IDLE_MILLISECONDS = 75_000
# Granian's maximum. Threads hold database connections, so keep them through quiet minutes.
THREAD_IDLE_SECONDS = 600
# For the request line and all headers. An OIDC provider may send a long code in the callback URL.
LONGEST_HEAD_BYTES = 64 * 1024


def main() -> None:
    """Serve until SIGTERM or SIGINT, then finish the running requests and exit."""
    parser = argparse.ArgumentParser(
        prog="python -m studio_drops.server",
        description="Serve a WSGI application. WEB_BIND, WEB_WORKERS and WEB_THREADS configure it.",
    )
    parser.add_argument(
        "application",
        nargs="?",
        default="studio_drops.wsgi:application",
        help="as module:name (default: %(default)s)",
    )
    application = parser.parse_args().application
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio_drops.settings")
    workers, threads = _read_number("WEB_WORKERS", 1), _read_number("WEB_THREADS", 4)
    host, port = _read_address(env.str("WEB_BIND", default="127.0.0.1:8000"))
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
        log_dictconfig=settings.LOGGING
        | {"loggers": settings.LOGGING["loggers"] | {"_granian": {}}},
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    log_event(logger, "serving", address=host, port=port, workers=workers, threads=threads)
    server.serve(target_loader=load_application)


def _read_number(variable: str, default: int) -> int:
    number: int = env.int(variable, default=default)
    if number < 1:
        sys.exit(f"{variable} is {number}: expected 1 or more.")
    return number


def _read_address(bind: str) -> tuple[str, int]:
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


def load_application(target: str) -> Callable[..., Any]:
    """Set up a worker process and return the application."""
    collect_printed_fields_only()
    application: Callable[..., Any] = import_string(target.replace(":", "."))
    # Granian copies the environment into each request's `META`.
    for name in settings.SECRET_VARIABLES:
        os.environ.pop(name, None)
    threading.Thread(target=collect_garbage, daemon=True).start()
    return application


def collect_garbage() -> None:
    """Close the database connections of threads that ended.

    Django's connection objects contain reference cycles, so only the collector frees them.
    """
    while True:
        time.sleep(THREAD_IDLE_SECONDS)
        gc.collect()


if __name__ == "__main__":
    main()
