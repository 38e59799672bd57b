import re

import pytest

from claims.api.problems import KINDS
from tests.claims.api.operations import OPERATIONS
from tests.inline_code import InlineCode

URL = "/api/v1/docs"


@pytest.fixture
def page(client):
    answer = client.get(URL)
    assert answer.status_code == 200
    return answer.content.decode()


def test_docs_are_public_and_need_no_statement(client):
    assert client.get(URL, headers={"Authorization": "Bearer sd_unknown"}).status_code == 200


def test_docs_name_every_address_field_and_error(page):
    for _method, path, *_ in OPERATIONS:
        assert f"<code>{path}</code>" in page
    for name in (
        "game_account_id",
        "entitlements[].fulfilment_id",
        "outcomes[].outcome",
        "next_cursor",
        "already_fulfilled",
        "entitlements[].platform",
        "entitlements[].source",
        "links[].user_id",
    ):
        assert f"<code>{name}</code>" in page
    for status, (fragment, _title) in KINDS.items():
        assert re.search(rf'<tr id="{fragment}"><th scope="row"><code>{status}</code>', page)


def test_docs_links_lead_to_what_is_there(client, page):
    for fragment in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{fragment}"' in page
    for address in set(re.findall(r'href="(/api/[^"#]+)"', page)):
        assert client.get(address).status_code == 200


def test_docs_hold_nothing_that_the_policy_blocks(page):
    blocked = InlineCode()
    blocked.feed(page)

    assert blocked.found == []


def test_docs_have_an_example_call_of_every_operation(page):
    calls = re.findall(r"<code>(curl .*?)</code>", page, re.DOTALL)

    assert len(calls) == 8
    assert all("game_account_id=hero-7" in calls[number] for number in (0, 6))
    assert "/link-tickets/lt_" in calls[4]
    assert "entitlement_ids" in calls[2]
    assert "game_account_id" in calls[3]


def test_docs_are_read_and_not_posted_to(client):
    assert client.post(URL).status_code == 405
