import pytest
from django.test import Client

from claims.api import openapi
from tests.threads import at_once


@pytest.mark.django_db(transaction=True)
def test_schema_and_docs_by_many_at_once_after_a_start() -> None:
    openapi._make_schema.cache_clear()

    answers = at_once(
        [lambda: Client().get("/api/v1/schema"), lambda: Client().get("/api/v1/docs")] * 6
    )

    assert {answer.status_code for answer in answers} == {200}


def test_schema_is_made_once(client: Client) -> None:
    openapi._make_schema.cache_clear()

    bodies = [client.get("/api/v1/schema").content for _ in range(3)]

    assert len(set(bodies)) == 1
    assert openapi._make_schema.cache_info().misses == 1
