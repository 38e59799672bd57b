"""Lists of millions of rows are looked ahead of, and never counted to the end."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import PlatformAccount
from core.admin import paginator
from tests.factories import NOW

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/platformaccount/"


@pytest.fixture(autouse=True)
def many(monkeypatch):
    """Four pages of 50, of which one is looked ahead of."""
    monkeypatch.setattr(paginator, "PAGES_AHEAD", 1)
    PlatformAccount.objects.bulk_create(
        PlatformAccount(key=f"kick:{number}", name=f"viewer{number}", first_seen_at=NOW)
        for number in range(1, 191)
    )


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("1", "more than 100 platform accounts"),
        ("2", "more than 150 platform accounts"),
        ("3", "190 platform accounts"),
        ("4", "190 platform accounts"),
    ],
)
def test_list_says_how_far_it_has_looked(admin_client, page, said):
    assert said in admin_client.get(LIST, {"p": page}).content.decode()


def test_list_offers_the_pages_that_it_knows_of(admin_client):
    page = admin_client.get(LIST).content.decode()

    assert "?p=2" in page
    assert "?p=3" not in page


def test_list_ends_where_a_page_would_cost_too_much(admin_client, monkeypatch):
    monkeypatch.setattr(paginator, "LAST_PAGE", 3)

    page = admin_client.get(LIST, {"p": "3"}).content.decode()

    assert "more than 150 platform accounts" in page
    assert "?p=4" not in page
    assert admin_client.get(LIST, {"p": "4"}).status_code == 302


def test_list_shows_each_row_on_one_page_and_in_its_order(admin_client):
    shown = []
    for page in ("1", "2", "3", "4"):
        answer = admin_client.get(LIST, {"p": page})
        shown += [row.pk for row in answer.context["cl"].result_list]

    assert shown == sorted(f"kick:{number}" for number in range(1, 191))


def test_list_skips_keys_alone(admin_client):
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(LIST, {"p": "3"})

    (skipping,) = (query["sql"] for query in captured if "OFFSET 100" in query["sql"])
    assert "JOIN" not in skipping
    assert "first_seen_at" not in skipping


def test_list_never_counts_all_rows(admin_client):
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(LIST)

    counts = [query["sql"] for query in captured if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 101" in sql for sql in counts)


@pytest.mark.parametrize("page", ["0", "-1", "x", "99", "9" * 30, "²"])
def test_list_asked_for_an_odd_page_is_no_fault_of_ours(admin_client, page):
    assert admin_client.get(LIST, {"p": page}).status_code in (200, 302)
