"""Catch-up reads only the new end of a platform's list, where the list's order allows it.

A platform may show a million open claims of viewers who never link. Reading them all takes far
longer than the minute in which catch-up should find a lost webhook's claim.

If a claim's ID tells when it was made, a run watches the order of the IDs. Oldest first: the next
run starts at a claim that is older than OVERLAP. Newest first: the next run stops at a page that is
older than OVERLAP and has nothing new. In any other order, every run reads the whole list. The
platform documents no order, so each run watches it anew, and the whole list is read once a day. The
nightly sweep is the proof.
"""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta

from claims.models import ReconcileRun
from claims.source import Page, Source

Order = ReconcileRun.Order
# Claims may become visible later than others that were made after them.
OVERLAP = timedelta(minutes=10)
WHOLE_EVERY = timedelta(days=1)
# A list of so few pages is read as a whole each time.
FEW_PAGES = 10


def plan_run(run: ReconcileRun, *, source: Source, now: datetime) -> None:
    """Decide for a new catch-up whether to read only the new end. Sets the run's fields."""
    runs = ReconcileRun.objects.filter(
        kind=ReconcileRun.Kind.CATCH_UP, source=source.name, outcome=ReconcileRun.Outcome.DONE
    ).order_by("-pk")
    last, whole = runs.first(), runs.filter(is_tail=False).first()
    if last is None or whole is None or whole.pages <= FEW_PAGES:
        return
    if whole.ended_at is None or now - whole.ended_at >= WHOLE_EVERY:
        return
    if last.order == Order.DESCENDING or (last.order == Order.ASCENDING and last.tail_cursor):
        run.is_tail = True
        run.tail_cursor = last.tail_cursor
        run.order = last.order
        run.cursor = last.tail_cursor if last.order == Order.ASCENDING else ""


def watch_page(
    run: ReconcileRun, page: Page, *, previous_id: str, source: Source, now: datetime
) -> str:
    """Note the order of a page and the newest claim to start from next. Returns its last ID.

    `previous_id` is the last ID of the page before, or ""; a page may begin with it again.
    """
    ids = [award.claim_id for award in page.awards]
    run.order = _combined(run.order, _order_of([previous_id, *ids] if previous_id else ids))
    if run.order == Order.ASCENDING:
        for claim_id in reversed(ids):
            made_at = source.made_at(claim_id)
            if made_at and made_at <= now - OVERLAP:
                run.tail_cursor = claim_id
                break
    return ids[-1] if ids else previous_id


def has_only_known(run: ReconcileRun, page: Page, *, recorded: int, source: Source) -> bool:
    """Whether a run from the newest claim on may stop after this page."""
    if not run.is_tail or run.order != Order.DESCENDING or recorded or not page.awards:
        return False
    made_at = source.made_at(page.awards[-1].claim_id)
    return made_at is not None and made_at <= run.started_at - OVERLAP


def _order_of(ids: Sequence[str]) -> str:
    """Of these IDs; "" for fewer than two different ones. Repeated IDs don't count."""
    pairs = [(a, b) for a, b in itertools.pairwise(ids) if a != b]
    if not pairs:
        return ""
    if all(a < b for a, b in pairs):
        return Order.ASCENDING
    return Order.DESCENDING if all(a > b for a, b in pairs) else Order.NONE


def _combined(known: str, seen: str) -> str:
    if not known or not seen:
        return known or seen
    return known if known == seen else Order.NONE
