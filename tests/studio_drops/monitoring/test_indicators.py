"""What the vitals say of what is held, and that saying it costs the same however much that is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from studio_drops.monitoring import indicators
from tests.factories import NOW, make_campaign, make_claim

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def test_held_by_reason_has_the_number_and_the_oldest_of_each() -> None:
    for reason, age in (("NOT_LINKED", 1), ("NOT_LINKED", 3), ("UNMAPPED_REWARD", 2)):
        make_claim(hold_reason=reason, received_at=NOW - age * HOUR)
    make_claim(status="GRANTED", received_at=NOW - 9 * HOUR)

    unmapped, not_linked = indicators.held_by_reason()

    assert unmapped == indicators.Held("UNMAPPED_REWARD", 1, NOW - 2 * HOUR)
    assert not_linked == indicators.Held("NOT_LINKED", 2, NOW - 3 * HOUR)
    assert not_linked.shown == "2"


def test_held_by_reason_counts_up_to_a_bound_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indicators, "COUNTED_UP_TO", 2)
    for age in range(3):
        make_claim(received_at=NOW - age * HOUR)

    (held,) = indicators.held_by_reason()

    assert (held.count, held.shown, held.oldest_at) == (2, "2+", NOW - 2 * HOUR)


@pytest.mark.postgresql
def test_held_by_reason_reads_one_index_and_no_row() -> None:
    # So many that reading them all costs more: with a few, the planner takes any index there is.
    campaign = make_campaign()
    for age in range(300):
        make_claim(campaign=campaign, hold_reason="NOT_LINKED", received_at=NOW - age * HOUR)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE claims_claim")  # else it plans by what was there at the last one
    with CaptureQueriesContext(connection) as queries:
        indicators.held_by_reason()

    plans = [_plan(query["sql"]) for query in queries if "NOT_LINKED" in query["sql"]]
    assert len(plans) == 2
    for plan in plans:
        assert "Index Only Scan using claims_held_longest" in plan
        assert "Sort" not in plan


def _plan(statement: str) -> str:
    """As it is once vacuum has been there: without its map, each row's page must be looked at."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())
