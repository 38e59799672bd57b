"""R1 and R2: recording a fetched page of 1,000 claims, beside COPY into bare tables.

R1 is held against COPY of every row that the ledger writes, R2 against COPY of the page's claims.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from claims.claims_page import record_page
from django.db import connection, transaction
from django.utils import timezone

from claims.models import Claim
from platforms.kick.protocol.payloads import ApiClaim, ClaimPayload, ClaimsPage
from tests.bench.goals import Goal, Result, ratios
from tests.bench.harness import Harness, say
from tests.bench.rows import forget_claims, make_linked_viewers
from tests.bench.traffic import CAMPAIGN_ID, FIRST_USER_ID, REWARD_ID, claim_id_of

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
        claim_id, account_id, campaign_id, reward_id, external_id,
        status, hold_reason, first_hold_reason, granted_at,
        source, message_id, occurred_at, received_at, recorded_at,
        lookups, wanted_external_status, external_status, refused_writes
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


def _mostly_known_page(number: int, *, unused: int) -> ClaimsPage:
    known = range(number * PAGE, (number + 1) * PAGE - NEW_OF_A_KNOWN_PAGE)
    first_new = unused + number * NEW_OF_A_KNOWN_PAGE
    return _page([*known, *range(first_new, first_new + NEW_OF_A_KNOWN_PAGE)])


def _page(numbers: Iterable[int]) -> ClaimsPage:
    created_at = datetime.now(UTC)
    claims = [
        ApiClaim(
            ClaimPayload(
                claim_id_of(number),
                str(FIRST_USER_ID + number),
                CAMPAIGN_ID,
                REWARD_ID,
                "bench-cape",
            ),
            external_status=Claim.ExternalStatus.INITIATED,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            updated_at=created_at,
        )
        for number in numbers
    ]
    return ClaimsPage(claims, [], "")


def _beside_copy(
    goal: Goal, pages: Sequence[ClaimsPage], *, copy: Callable[[ClaimsPage], None]
) -> Result:
    with connection.cursor() as cursor:
        cursor.execute(_BARE_TWINS)
    copied, recorded = [], []
    for page in pages:
        copied.append(_seconds(copy, page))
        recorded.append(_seconds(_record, page))
    # The first pages prepare the statements.
    note = f"{min(recorded) * 1000:.1f} ms a page, COPY {min(copied) * 1000:.1f} ms"
    return Result(goal, ratios(copied, recorded)[8:], note)


def _seconds(work: Callable[[ClaimsPage], None], page: ClaimsPage) -> float:
    began_at = time.perf_counter()
    work(page)
    return time.perf_counter() - began_at


def _copy_all_that_is_written(page: ClaimsPage) -> None:
    with transaction.atomic():
        _copy_claims(page)
        _copy_entitlements(page)


def _copy_claims(page: ClaimsPage) -> None:
    now = timezone.now()
    with connection.cursor() as cursor, cursor.copy(_COPY_CLAIMS) as copy:
        for claim in page.claims:
            shown = claim.payload
            ids = (shown.claim_id, shown.user_id, shown.campaign_id, shown.reward_id)
            granted = (shown.external_id, "GRANTED", "", "", now)
            came_by = ("RECONCILE", "", claim.created_at, now, now)
            copy.write_row((*ids, *granted, *came_by, 0, "initiated", claim.external_status, 0))


def _copy_entitlements(page: ClaimsPage) -> None:
    now = timezone.now()
    with connection.cursor() as cursor, cursor.copy(_COPY_ENTITLEMENTS) as copy:
        for number, claim in enumerate(page.claims):
            copy.write_row(
                (claim.payload.claim_id, number, "bench-cape", 1, "GRANTED", now, "", "")
            )


def _record(page: ClaimsPage) -> None:
    record_page(page, now=timezone.now())


MEASURES: dict[tuple[str, ...], Callable[[Harness], list[Result]]] = {("R1", "R2"): r1_and_r2}
