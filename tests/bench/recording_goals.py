"""R1 and R2: recording a fetched page of 1,000 claims, beside COPY of it into a bare table."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone

from claims.api_pages import record_page
from claims.models import Claim
from studio_drops.kick.payloads import ApiClaim, ClaimPayload, ClaimsPage
from tests.bench.goals import Goal, Result
from tests.bench.rows import forget_claims, make_linked_viewers
from tests.bench.stage import Stage, say
from tests.bench.traffic import CAMPAIGN_ID, FIRST_USER_ID, REWARD_ID, claim_id_of

PAGE = 1000
NEW_OF_A_KNOWN_PAGE = 10

# COPY gets the same fields, in a table without a key, an index or a constraint.
_BARE_TABLE = """
    CREATE TABLE IF NOT EXISTS bare_claim (
        claim_id text, kick_user_id text, campaign_id text, reward_id text, external_id text,
        external_status text, kick_created_at timestamptz, recorded_at timestamptz
    )
"""
_COPY = "COPY bare_claim FROM STDIN"


def r1_and_r2(stage: Stage) -> list[Result]:
    make_linked_viewers((stage.scale.pages + 1) * PAGE)
    return [_all_new(stage.scale.pages), _mostly_known(stage.scale.pages)]


def _all_new(pages: int) -> Result:
    say(f"R1: {pages} pages of new claims")
    goal = Goal("R1", "recording a page of 1,000, all new and granted, against COPY", 0.10)
    forget_claims()
    return _beside_copy(goal, [_page(range(n * PAGE, (n + 1) * PAGE)) for n in range(pages)])


def _mostly_known(pages: int) -> Result:
    """Each page has the claims that R1 recorded, with its last ones in place of ten of them."""
    say(f"R2: {pages} pages of claims of which 99 % are known")
    goal = Goal("R2", "the same, 99 % known and granted, the known ones compared", 0.55)
    known = PAGE - NEW_OF_A_KNOWN_PAGE
    unused = pages * PAGE
    return _beside_copy(
        goal,
        [
            _page(
                [*range(n * PAGE, n * PAGE + known), *range(unused + n * 10, unused + n * 10 + 10)]
            )
            for n in range(pages)
        ],
    )


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


def _beside_copy(goal: Goal, pages: Sequence[ClaimsPage]) -> Result:
    with connection.cursor() as cursor:
        cursor.execute(_BARE_TABLE)
    copied, recorded = [], []
    for page in pages:
        copied.append(_seconds(_copy, page))
        recorded.append(_seconds(_record, page))
    shares = [copy / record for copy, record in zip(copied, recorded, strict=True)]
    # The first pages prepare the statements.
    note = f"{min(recorded) * 1000:.1f} ms a page, COPY {min(copied) * 1000:.1f} ms"
    return Result(goal, shares[2:], note)


def _seconds(work: Callable[[ClaimsPage], None], page: ClaimsPage) -> float:
    began_at = time.perf_counter()
    work(page)
    return time.perf_counter() - began_at


def _copy(page: ClaimsPage) -> None:
    now = timezone.now()
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for claim in page.claims:
            payload = claim.payload
            copy.write_row(
                (
                    payload.claim_id,
                    payload.user_id,
                    payload.campaign_id,
                    payload.reward_id,
                    payload.external_id,
                    claim.external_status,
                    claim.created_at,
                    now,
                )
            )


def _record(page: ClaimsPage) -> None:
    record_page(page, now=timezone.now())


MEASURES: dict[tuple[str, ...], Callable[[Stage], list[Result]]] = {("R1", "R2"): r1_and_r2}
