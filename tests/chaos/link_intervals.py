"""Which player each Kick user was linked to and when, from the history of links."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from accounts.models import LinkEvent

FOREVER = datetime.max.replace(tzinfo=UTC)
NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True)
class LinkInterval:
    """The time in which a Kick user was linked to a player."""

    account_id: str
    player_id: int
    began: datetime
    ended: datetime


def link_intervals_of(events: Iterable[dict[str, Any]]) -> list[LinkInterval]:
    """From the history of links, in the order in which it was written."""
    began: dict[str, tuple[int, datetime]] = {}
    intervals: list[LinkInterval] = []
    for event in events:
        account_id = event["account_id"]
        if event["kind"] == LinkEvent.Kind.LINKED:
            began[account_id] = (event["player_id"], event["at"])
        elif event["kind"] == LinkEvent.Kind.UNLINKED:
            player_id, since = began.pop(account_id)
            intervals.append(LinkInterval(account_id, player_id, since, event["at"]))
    still_open = (
        LinkInterval(user, player, since, FOREVER) for user, (player, since) in began.items()
    )
    return [*intervals, *still_open]


def distance_to(at: datetime, intervals: Iterable[LinkInterval]) -> timedelta:
    """How far `at` is from the nearest interval; nothing when it is inside of one."""
    return min((_outside(at, interval) for interval in intervals), default=timedelta.max)


def _outside(at: datetime, interval: LinkInterval) -> timedelta:
    if at < interval.began:
        return interval.began - at
    return max(at - interval.ended, NO_TIME)


def overlaps(
    intervals: Iterable[LinkInterval], whose: Callable[[LinkInterval], str]
) -> Iterator[tuple[str, datetime, timedelta]]:
    """Who had two links at once, from when on, for how long."""
    by_owner: defaultdict[str, list[LinkInterval]] = defaultdict(list)
    for interval in intervals:
        by_owner[whose(interval)].append(interval)
    for owner, owned in by_owner.items():
        for one, later in pairwise(sorted(owned, key=lambda interval: interval.began)):
            if one.ended > later.began:
                yield owner, later.began, one.ended - later.began
