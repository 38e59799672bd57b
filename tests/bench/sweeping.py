"""A process that reads all of the local Kick's claims, and says what it took.

    python -m tests.bench.sweeping fetch|sweep <url of the local Kick>

`fetch` only fetches and decodes the pages; `sweep` is what the product does with them. It is a
process of its own, so that its memory is its own.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

CLIENT_ID, CLIENT_SECRET = "bench", "bench-secret"
# What Python and the driver take for themselves is there after so many pages.
SETTLED_AFTER_PAGES = 10


def main(what: str, url: str) -> None:
    django.setup()
    from studio_drops.celery import make_way_for_the_web

    make_way_for_the_web()
    api = _WatchedApi(kick_api(url))
    began_at = time.perf_counter()
    {"fetch": _fetch, "sweep": _sweep}[what](api)
    print(json.dumps({"seconds": time.perf_counter() - began_at, **api.seen()}))


def kick_api(url: str) -> Any:
    from platforms.kick.client import AppToken
    from platforms.kick.protocol.api import KickApi
    from platforms.kick.protocol.http import new_http
    from platforms.kick.protocol.oauth import OAuthClient

    http = new_http()
    oauth = OAuthClient(id_url=url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, http=http)
    return KickApi(api_url=url, http=http, app_token=AppToken(oauth.client_credentials))


class _WatchedApi:
    """Passes the pages on, and notes how many there were and what memory was in use."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self._pages = self._claims = self._settled = self._most = 0

    def iter_claims(self, **options: Any) -> Iterator[Any]:
        for page in self._api.iter_claims(**options):
            self._note(len(page))
            yield page

    def _note(self, claims: int) -> None:
        self._pages += 1
        self._claims += claims
        memory = _memory_in_use()
        self._most = max(self._most, memory)
        if self._pages <= SETTLED_AFTER_PAGES:
            self._settled = memory

    def seen(self) -> dict[str, float]:
        """`growth` in MiB, since it had settled."""
        growth = (self._most - self._settled) / 2**20
        return {"pages": self._pages, "claims": self._claims, "growth": growth}


def _memory_in_use() -> int:
    """Resident bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _fetch(api: _WatchedApi) -> None:
    for _ in api.iter_claims(limit=1000):
        pass


def _sweep(api: _WatchedApi) -> None:
    from django.utils import timezone

    from claims.sync import Outcome, sweep
    from platforms.kick.drops import KickDrops

    source = KickDrops(api=lambda: api)  # type: ignore[arg-type]
    # A sweep makes way for others every few minutes, and is resumed where it was.
    while (run := sweep(campaign_id="", source=source, clock=timezone.now)) is not None:
        if run.outcome != Outcome.INTERRUPTED or run.error:
            break
    if run is None or run.outcome != Outcome.DONE:
        sys.exit(f"The sweep did not end: {run and run.error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
