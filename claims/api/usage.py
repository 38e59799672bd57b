"""Counts the requests of each API key by day. A process writes its count once a minute."""

import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from claims.models import ApiKey

WRITTEN_EVERY = timedelta(minutes=1)

_ADD = """
    INSERT INTO claims_apikeyusage AS used (api_key_id, day, requests)
    VALUES (%(key)s, %(day)s, %(requests)s)
    ON CONFLICT (api_key_id, day) DO UPDATE SET requests = used.requests + EXCLUDED.requests
"""


@dataclass(slots=True)
class _Count:
    day: date
    requests: int
    written_at: datetime


_counts: dict[int, _Count] = {}
_counting = threading.Lock()


def count_request(api_key: ApiKey, *, now: datetime) -> None:
    """Count a request. If the process is killed, the last minute's requests aren't counted."""
    today = now.date()
    due: tuple[date, int] | None
    with _counting:
        count = _counts.get(api_key.pk)
        if count is None:
            # The first request is written, so that a new key shows that it's used.
            _counts[api_key.pk] = _Count(today, 0, now)
            due = (today, 1)
        else:
            count.requests += 1
            is_due = count.day != today or now - count.written_at >= WRITTEN_EVERY
            due = (count.day, count.requests) if is_due else None
            if is_due:
                _counts[api_key.pk] = _Count(today, 0, now)
    if due:
        day, requests = due
        with connection.cursor() as cursor:
            cursor.execute(_ADD, {"key": api_key.pk, "day": day, "requests": requests})
