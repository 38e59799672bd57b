"""Limits of API keys: requests per minute, shared by all processes.

A process doesn't ask the database for each request. It takes a share of the minute's requests with
one statement, and counts those down in memory. What it has left over at the end of the minute is
lost, so a key with several processes may get a few per cent less than its limit, and never more.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import Throttled

from claims.models import ApiKey
from core.sql_values import to_db

SHARES = 20
WINDOW = timedelta(minutes=1)

# The clocks of two processes may be in different minutes: the later minute counts.
_TAKE = """
    INSERT INTO claims_apikeyminute AS used (api_key_id, minute, taken)
    VALUES (%(key)s, %(minute)s, %(share)s)
    ON CONFLICT (api_key_id) DO UPDATE SET
        taken = CASE WHEN used.minute < EXCLUDED.minute THEN 0 ELSE used.taken END + %(share)s,
        minute = CASE WHEN used.minute < EXCLUDED.minute
            THEN EXCLUDED.minute ELSE used.minute END
    WHERE used.minute < EXCLUDED.minute OR used.taken < %(limit)s
    RETURNING taken
"""


class TooManyRequests(Throttled):
    default_detail = _("This API key has used up its requests of this minute.")
    extra_detail_singular = _("Retry in {wait} second.")  # type: ignore[assignment]
    extra_detail_plural = _("Retry in {wait} seconds.")  # type: ignore[assignment]


@dataclass(slots=True)
class _Share:
    minute: datetime
    left: int


_shares: dict[int, _Share] = {}
_taking = threading.Lock()


def take_request(api_key: ApiKey, *, now: datetime) -> None:
    """Count a request against the key's limit. Raises TooManyRequests with the seconds to wait."""
    limit = api_key.requests_per_minute
    if limit is None:
        return
    minute = now.replace(second=0, microsecond=0)
    with _taking:
        share = _shares.get(api_key.pk)
        if share is None or share.minute != minute or share.left == 0:
            share = _shares[api_key.pk] = _Share(minute, _take_share(api_key.pk, limit, minute))
        if share.left > 0:
            share.left -= 1
            return
    raise TooManyRequests(wait=(minute + WINDOW - now).total_seconds())


def _take_share(key_id: int, limit: int, minute: datetime) -> int:
    """The number of requests that this process may serve, or 0 if the minute's are used up."""
    share = share_of(limit)
    values = {"key": key_id, "minute": to_db(minute), "share": share, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        return share if cursor.fetchone() else 0


def share_of(limit: int) -> int:
    """About a twentieth of the limit, and a divisor of it, so that shares never exceed it."""
    return next(share for share in range(max(1, limit // SHARES), 0, -1) if limit % share == 0)
