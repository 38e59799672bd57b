"""Searches for what very many claims have in common are answered by an index, and leave out
nothing else that has the same name."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from claims.desk.admin import catalogue_search
from tests.factories import (
    make_account,
    make_campaign,
    make_claim,
    make_entitlement,
    make_item,
    make_reward,
)

pytestmark = pytest.mark.django_db

CLAIMS = "/admin/claims/claim/"
ENTITLEMENTS = "/admin/claims/entitlement/"


def found(client, url, term):
    return set(client.get(url, {"q": term}).context["cl"].queryset)


def test_external_id_leads_to_the_claims_of_its_reward(admin_client):
    reward = make_reward(external_id="ember")
    claim = make_claim(campaign=make_campaign(rewards=[reward]), reward=reward, external_id="")
    owed = make_entitlement(claim=claim)
    make_entitlement()

    assert found(admin_client, CLAIMS, "ember") == {claim}
    assert found(admin_client, ENTITLEMENTS, "ember") == {owed}


def test_sku_that_is_also_a_name_on_kick_leads_to_both(admin_client):
    make_item(sku="nova")
    owed = make_entitlement(sku="nova")
    by_name = make_entitlement(claim=make_claim(account=make_account(name="Nova")))
    make_entitlement()

    assert found(admin_client, CLAIMS, "nova") == {owed.claim, by_name.claim}
    assert found(admin_client, ENTITLEMENTS, "nova") == {owed, by_name}


def test_sku_is_looked_for_among_the_newest(admin_client, monkeypatch):
    monkeypatch.setattr(catalogue_search, "NEWEST_OF_AN_ITEM", 2)
    make_item(sku="nova")
    old, new = make_entitlement(sku="nova"), make_entitlement(sku="nova")
    make_entitlement()

    assert found(admin_client, ENTITLEMENTS, "nova") == {new}
    assert found(admin_client, CLAIMS, "nova") == {new.claim}
    assert found(admin_client, ENTITLEMENTS, old.claim_id) == {old}


@pytest.mark.postgresql
@pytest.mark.parametrize("url", [CLAIMS, ENTITLEMENTS])
def test_campaign_is_found_by_an_index(admin_client, url):
    campaign = make_campaign()
    fill_tables()
    with CaptureQueriesContext(connection) as queries:
        admin_client.get(url, {"q": campaign.pk})

    (listing,) = (query["sql"] for query in queries if "campaign_name" in query["sql"])
    assert "UNION" not in listing
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("ANALYZE claims_claim, claims_entitlement")
        cursor.execute(f"EXPLAIN {listing}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Cond: (campaign_id" in plan.replace("((campaign_id", "(campaign_id")


def fill_tables():
    """Enough rows of another campaign that PostgreSQL prefers an index to one row of each."""
    claim = make_claim(campaign=make_campaign(), status="GRANTED")
    for _ in range(300):
        claim = make_claim(campaign=claim.campaign, account=claim.account, status="GRANTED")
        make_entitlement(claim=claim)
