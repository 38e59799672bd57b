"""From when to when who was linked to whom, by the history of links."""

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
class Span:
    """From when to when a Kick user was linked to a player."""

    account_id: str
    player_id: int
    began: datetime
    ended: datetime


def spans_of(events: Iterable[dict[str, Any]]) -> list[Span]:
    """From the history of links, in the order in which it was written."""
    began: dict[str, tuple[int, datetime]] = {}
    spans: list[Span] = []
    for event in events:
        account_id = event["account_id"]
        if event["kind"] == LinkEvent.Kind.LINKED:
            began[account_id] = (event["player_id"], event["at"])
        elif event["kind"] == LinkEvent.Kind.UNLINKED:
            player_id, since = began.pop(account_id)
            spans.append(Span(account_id, player_id, since, event["at"]))
    open_spans = (Span(user, player, since, FOREVER) for user, (player, since) in began.items())
    return [*spans, *open_spans]


def distance_to(at: datetime, spans: Iterable[Span]) -> timedelta:
    """How far `at` is from the nearest span; nothing when it is inside of one."""
    return min((_outside(at, span) for span in spans), default=timedelta.max)


def _outside(at: datetime, span: Span) -> timedelta:
    if at < span.began:
        return span.began - at
    return max(at - span.ended, NO_TIME)


def overlaps(
    spans: Iterable[Span], whose: Callable[[Span], str]
) -> Iterator[tuple[str, datetime, timedelta]]:
    """Who had two links at once, from when on, for how long."""
    by_owner: defaultdict[str, list[Span]] = defaultdict(list)
    for span in spans:
        by_owner[whose(span)].append(span)
    for owner, owned in by_owner.items():
        for one, later in pairwise(sorted(owned, key=lambda span: span.began)):
            if one.ended > later.began:
                yield owner, later.began, one.ended - later.began
