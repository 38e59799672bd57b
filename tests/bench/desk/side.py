"""A process that asks for pages of the database that DATABASE_URL names, one line for each.

    python -m tests.bench.desk.side

A line is {"do": "list"}, {"do": "time"|"look", "page": {…}} or {"do": "export", "page": {…}}; so
is each answer.
"""

import json
import os
import sys
import threading
import time
import tracemalloc
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

from tests.bench.traffic import HOST


def main() -> None:
    django.setup()
    _collect_static_files()
    side = Side()
    _answer_for_the_outside()
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(side.obey(order)), flush=True)


class Side:
    """A member of ops with a browser. Each page is asked for whole, middleware and all."""

    def __init__(self) -> None:
        from django.contrib.auth.models import Group, User
        from django.test import Client

        self.client = Client(headers={"host": HOST, "x-forwarded-proto": "https"})
        user, _ = User.objects.get_or_create(username="ops-ada", is_staff=True)
        user.groups.set([Group.objects.get(name="owners")])
        self.client.force_login(user)
        _count_as_the_worker_does()

    def obey(self, order: dict[str, Any]) -> Any:
        if order["do"] == "list":
            from tests.bench.desk.pages import all_pages

            return [asdict(page) for page in all_pages(self.client)]
        return getattr(self, order["do"])(order["page"])

    def time(self, page: dict[str, Any]) -> float:
        """Seconds."""
        began_at = time.perf_counter()
        self._ask(page)
        return time.perf_counter() - began_at

    def look(self, page: dict[str, Any]) -> dict[str, Any]:
        """How many queries it makes, and how many rows and entries of indexes these read."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        before = _rows_read()
        with CaptureQueriesContext(connection) as queries:
            self._ask(page)
        return {"queries": len(queries), "rows": _rows_read() - before}

    def export(self, page: dict[str, Any]) -> int:
        """The most bytes that Python held while it was made and sent."""
        self._ask(page)
        tracemalloc.start()
        try:
            self._ask(page)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def _ask(self, page: dict[str, Any]) -> None:
        form = page["form"]
        answer = self.client.post(page["path"], form) if form else self.client.get(page["path"])
        if answer.status_code != 200:
            sys.exit(f"{page['name']} ({page['path']}) answered {answer.status_code}.")
        if answer.streaming:
            for _ in answer.streaming_content:
                pass


def _rows_read() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("""
            SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables)
                + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)
        """)
        return int(cursor.fetchone()[0])


def _collect_static_files() -> None:
    """As a deployment does, but beside its own: pages name them by their hashes."""
    from django.conf import settings

    settings.STATIC_ROOT = Path(settings.VAR_DIR) / f"static-{os.getpid()}"
    call_command("collectstatic", interactive=False, verbosity=0)


def _count_as_the_worker_does() -> None:
    """And as the front page does when it is first shown after an hour is over."""
    from django.utils import timezone

    from claims.desk.figures import claims_per_hour
    from claims.desk.funnels import count_running_funnels

    count_running_funnels(now=timezone.now())
    claims_per_hour(now=timezone.now())


def _answer_for_the_outside() -> None:
    """A preflight asks Kick and our own address; here somebody answers at once, and always 404."""
    from django.conf import settings

    server = ThreadingHTTPServer(("127.0.0.1", 0), _NotFound)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    settings.KICK_ID_URL = settings.KICK_API_URL = settings.PUBLIC_URL = url


class _NotFound(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    main()
