import pytest
from django.db import connection


@pytest.mark.postgresql
@pytest.mark.django_db
def test_opaque_text_is_collated_c_and_indexed_once() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, collation_name FROM information_schema.columns"
            " WHERE table_name = 'claims_claim' AND column_name LIKE '%%\\_id'"
        )
        collations = dict(cursor.fetchall())
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE indexname LIKE '%%\\_like'"
            " AND tablename ~ '^(claims|accounts)_'"
        )
        second_indexes = cursor.fetchall()

    assert set(collations) >= {"claim_id", "account_id", "campaign_id", "reward_id"}
    assert set(collations.values()) == {"C"}
    assert second_indexes == []
