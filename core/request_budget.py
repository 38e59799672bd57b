"""One budget of requests to a platform, shared by all processes and machines.

A platform's budget is a row with the requests that may be sent now. It holds a quarter of a
minute's requests, and refills at 85 % of the rate: so no minute has more than 110 % of it. Less
urgent work has to leave a part of it to more urgent work:

| priority | leaves |
|---|---|
| a player who is waiting | half; but it is never refused |
| catch-up and reports, which cover many claims with a request | a tenth |
| looking up one claim, renewing or ending one authorization | a quarter |
| sweeps | half |

If the platform blocks us or asks for a pause, the row says until when. Then one request is let
through as a probe, at most one per pause, until the platform answers again.
"""

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from core.models import RequestBudget

MINUTE = timedelta(minutes=1)
SHORTEST_WAIT = timedelta(milliseconds=10)
# A minute's requests are at most the sum of the two, times the setting.
BURST, REFILL = 0.25, 0.85
# How long to wait for a probe's answer before the next probe.
PROBE_LASTS = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)


class Priority(enum.Enum):
    """`leaves` is the share of the budget that work of this priority leaves to others.

    A player's request is sent even if it finds less, and then takes nothing from the budget. So
    catch-up goes on while hundreds of players link.
    """

    PLAYER = (0, 0.5)
    SYNC = (1, 0.1)
    LOOKUP = (2, 0.25)
    SWEEP = (3, 0.5)

    @property
    def leaves(self) -> float:
        return self.value[1]


_priority: ContextVar[Priority] = ContextVar("priority", default=Priority.PLAYER)


@contextmanager
def request_priority(priority: Priority) -> Iterator[None]:
    """The priority of the requests in this block. Elsewhere, it's PLAYER."""
    token = _priority.set(priority)
    try:
        yield
    finally:
        _priority.reset(token)


def current_priority() -> Priority:
    return _priority.get()


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a request may be sent now. If not, `wait` says after how long to ask again.

    `is_probe`: tell `end_pause` or `pause_requests` how it went. `pause_reason`: "" if the request
    only has to wait for the budget.
    """

    wait: timedelta = timedelta()
    is_probe: bool = False
    pause_reason: str = ""


@transaction.atomic
def admit_request(
    *, platform: str, priority: Priority, per_minute: int, now: datetime
) -> Admission:
    """Take one request from the platform's budget, if the priority allows it."""
    budget = _lock(platform, per_minute=per_minute, now=now)
    is_player = priority is Priority.PLAYER
    if budget.paused_until and budget.paused_until > now and not is_player:
        return Admission(wait=budget.paused_until - now, pause_reason=budget.pause_reason)
    elapsed = max(now - budget.counted_at, timedelta())
    capacity, rate = per_minute * BURST, per_minute * REFILL
    available = min(budget.available + rate * (elapsed / MINUTE), capacity)
    missing = capacity * priority.leaves + 1 - available
    if missing > 0 and not is_player:
        return Admission(wait=max(MINUTE * missing / rate, SHORTEST_WAIT))
    is_probe = bool(budget.paused_until) and not is_player
    if is_probe:
        budget.paused_until = now + PROBE_LASTS
    budget.available = available - 1 if missing <= 0 else available
    budget.counted_at = now
    budget.save()
    return Admission(is_probe=is_probe)


@transaction.atomic
def pause_requests(
    *,
    platform: str,
    reason: str,
    retry_after: float | None,
    is_probe: bool,
    per_minute: int,
    now: datetime,
) -> None:
    """Keep all but players' requests from being sent for a while.

    `retry_after` is what the platform asked for, in seconds. Without it, the pause doubles with
    each failed probe, from 15 seconds to a minute. Requests that were under way when the pause
    began don't change it.
    """
    budget = _lock(platform, per_minute=per_minute, now=now)
    if budget.paused_until and budget.paused_until > now and not is_probe:
        return
    if retry_after is None:
        back_off = settings.BACK_OFFS["block"]
        pause = min(back_off.first * 2 ** min(budget.pauses, 8), back_off.longest)
    else:
        pause = min(timedelta(seconds=retry_after), LONGEST_PAUSE)
    budget.paused_until = now + pause
    budget.pause_reason = reason
    budget.paused_since = budget.paused_since or now
    budget.pauses += 1
    budget.save()


def end_pause(*, platform: str) -> None:
    """The platform answers again."""
    RequestBudget.objects.filter(pk=platform).update(
        paused_until=None, paused_since=None, pause_reason="", pauses=0
    )


def find_pause(*, platform: str) -> RequestBudget | None:
    """The budget of a platform that blocks us or asked for a pause, until it answers again."""
    return RequestBudget.objects.filter(pk=platform, paused_until__isnull=False).first()


def is_paused(*, platform: str, now: datetime) -> bool:
    """Whether only players' requests may be sent now."""
    return RequestBudget.objects.filter(pk=platform, paused_until__gt=now).exists()


def _lock(platform: str, *, per_minute: int, now: datetime) -> RequestBudget:
    full = RequestBudget(platform=platform, available=per_minute * BURST, counted_at=now)
    RequestBudget.objects.bulk_create([full], ignore_conflicts=True)
    return RequestBudget.objects.select_for_update().get(pk=platform)
