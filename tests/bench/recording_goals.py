"""R1 and R2: recording a fetched page of 1,000 claims, beside COPY into bare tables.

R1 is held against COPY of every row that the ledger writes, R2 against COPY of the page's claims.
"""

import time
from collections.abc import Callable, Iterable, Sequence

from django.db import connection, transaction
from django.utils import timezone

from claims.source import Page
from claims.source_page import record_page
from tests.bench.goals import Goal, Result, ratios
from tests.bench.harness import Harness, say
from tests.bench.rows import forget_claims, make_linked_viewers
from tests.bench.traffic import SOURCE, listed_award

PAGE = 1000
NEW_OF_A_KNOWN_PAGE = 10

# Tables of the same columns, without a key, an index or a constraint.
_BARE_TWINS = """
    CREATE TABLE IF NOT EXISTS bare_claim (LIKE claims_claim);
    CREATE TABLE IF NOT EXISTS bare_entitlement (LIKE claims_entitlement);
    ALTER TABLE bare_entitlement ALTER id DROP NOT NULL
"""
# What the ledger writes of a granted claim.
_COPY_CLAIMS = """
    COPY bare_claim (
        claim_id, source, account_id, campaign_id, reward_id, external_id, quantity,
        status, hold_reason, first_hold_reason, granted_at,
        path, message_id, occurred_at, received_at, recorded_at
    ) FROM STDIN
"""
_COPY_ENTITLEMENTS = """
    COPY bare_entitlement (
        claim_id, player_id, sku, quantity, status, granted_at, fulfilment_id, revocation_reason
    ) FROM STDIN
"""


def r1_and_r2(harness: Harness) -> list[Result]:
    make_linked_viewers((harness.scale.pages + 1) * PAGE)
    return [_all_new(harness.scale.pages), _mostly_known(harness.scale.pages)]


def _all_new(pages: int) -> Result:
    say(f"R1: {pages} pages of new claims")
    goal = Goal("R1", "recording a page of 1,000, all new and granted, against COPY", 0.10)
    forget_claims()
    all_new = [_page(range(n * PAGE, (n + 1) * PAGE)) for n in range(pages)]
    return _beside_copy(goal, all_new, copy=_copy_all_that_is_written)


def _mostly_known(pages: int) -> Result:
    """Each page has the claims that R1 recorded, with its last ones in place of ten of them."""
    say(f"R2: {pages} pages of claims of which 99 % are known")
    goal = Goal("R2", "the same, 99 % known and granted, the known ones compared", 0.55)
    mostly_known = [_mostly_known_page(n, unused=pages * PAGE) for n in range(pages)]
    return _beside_copy(goal, mostly_known, copy=_copy_claims)


def _mostly_known_page(number: int, *, unused: int) -> Page:
    known = range(number * PAGE, (number + 1) * PAGE - NEW_OF_A_KNOWN_PAGE)
    first_new = unused + number * NEW_OF_A_KNOWN_PAGE
    return _page([*known, *range(first_new, first_new + NEW_OF_A_KNOWN_PAGE)])


def _page(numbers: Iterable[int]) -> Page:
    return Page([listed_award(number) for number in numbers])


def _beside_copy(goal: Goal, pages: Sequence[Page], *, copy: Callable[[Page], None]) -> Result:
    with connection.cursor() as cursor:
        cursor.execute(_BARE_TWINS)
    copied, recorded = [], []
    for page in pages:
        copied.append(_seconds(copy, page))
        recorded.append(_seconds(_record, page))
    # The first pages prepare the statements.
    note = f"{min(recorded) * 1000:.1f} ms a page, COPY {min(copied) * 1000:.1f} ms"
    return Result(goal, ratios(copied, recorded)[8:], note)


def _seconds(work: Callable[[Page], None], page: Page) -> float:
    began_at = time.perf_counter()
    work(page)
    return time.perf_counter() - began_at


def _copy_all_that_is_written(page: Page) -> None:
    with transaction.atomic():
        _copy_claims(page)
        _copy_entitlements(page)


def _copy_claims(page: Page) -> None:
    now = timezone.now()
    with connection.cursor() as cursor, cursor.copy(_COPY_CLAIMS) as copy:
        for award in page.awards:
            ids = (award.claim_id, SOURCE, award.account, award.campaign_id, award.reward_id)
            granted = (award.external_id, award.quantity, "GRANTED", "", "", now)
            copy.write_row((*ids, *granted, "SYNC", "", award.occurred_at, now, now))


def _copy_entitlements(page: Page) -> None:
    now = timezone.now()
    with connection.cursor() as cursor, cursor.copy(_COPY_ENTITLEMENTS) as copy:
        for number, award in enumerate(page.awards):
            copy.write_row((award.claim_id, number, "bench-cape", 1, "GRANTED", now, "", ""))


def _record(page: Page) -> None:
    record_page(page, source=SOURCE, now=timezone.now())


MEASURES: dict[tuple[str, ...], Callable[[Harness], list[Result]]] = {("R1", "R2"): r1_and_r2}
