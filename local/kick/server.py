"""The server: Django's threaded development server, for up to sixteen requests at a time."""

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections

from local.kick.secret_key import read_secret_key

HOST = "127.0.0.1"
REQUESTS_AT_A_TIME = 16
GRACE_SECONDS = 5.0
STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}


class Server(ThreadedWSGIServer):
    """Listens on loopback. Port 0 picks a free port. Raises OSError if the port is in use."""

    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.slots = threading.BoundedSemaphore(REQUESTS_AT_A_TIME)


class _Handler(WSGIRequestHandler):
    server: Server
    # Headers and body are separate packets. Without this, the second waits for 40 ms.
    disable_nagle_algorithm = True
    _has_slot = False

    def parse_request(self) -> bool:
        """Called when a request has arrived. Idle connections take no slot."""
        is_valid = super().parse_request()
        if is_valid:
            self.server.slots.acquire()
            self._has_slot = True
        return is_valid

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        finally:
            if self._has_slot:
                self._has_slot = False
                self.server.slots.release()

    def log_message(self, *_: object) -> None:
        """Log no requests."""


def prepare(database: Path) -> Any:
    """Migrate the database and return the application. Raises OSError or DatabaseError."""
    os.environ["LOCAL_KICK_DATABASE"] = str(database)
    os.environ["LOCAL_KICK_SECRET_KEY"] = read_secret_key(beside=database)
    os.environ["DJANGO_SETTINGS_MODULE"] = "local.kick.settings"
    application = get_wsgi_application()
    call_command("migrate", verbosity=0)
    connections.close_all()
    return application


def serve(server: Server, application: Any) -> None:
    """Serve until SIGTERM or SIGINT. Then finish the running requests, within five seconds."""
    from local.kick.webhooks import close_pool

    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    sys.stdout.write(f"Local Kick is ready at http://localhost:{server.server_port} (not Kick)\n")
    sys.stdout.flush()
    signal.sigwait(STOP_SIGNALS)
    server.shutdown()
    deadline = time.monotonic() + GRACE_SECONDS
    for _ in range(REQUESTS_AT_A_TIME):
        server.slots.acquire(timeout=max(0.0, deadline - time.monotonic()))
    close_pool()
