from datetime import timedelta

import pytest
from rest_framework.serializers import Serializer

from claims.api.queries import list_links, mark_first_listed
from claims.api.serializers import EntitlementSerializer
from claims.listing import list_entitlements
from claims.models import Campaign, Entitlement
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_claim,
    make_entitlement,
    make_player,
)

pytestmark = pytest.mark.django_db

EVERY_STATUS = list(Entitlement.Status)


def listed(**overrides):
    everything = {
        "game_account_id": None,
        "statuses": EVERY_STATUS,
        "categories": (),
        "after_id": 0,
        "limit": 100,
    }
    return list_entitlements(**everything | overrides)


def ids(rows):
    return [row.id for row in rows]


def entitlement_in(category, **campaign):
    campaign = make_campaign(category=category, **campaign)
    return make_entitlement(claim=make_claim(status="GRANTED", campaign=campaign))


def test_list_entitlements_says_everything_of_one():
    entitlement = make_entitlement(status="FULFILLED", quantity=3)

    (row,) = listed()

    assert row.id == entitlement.id
    assert row.game_account_id == entitlement.player.game_account_id
    assert (row.sku, row.quantity, row.status) == (entitlement.sku, 3, "FULFILLED")
    assert (row.granted_at, row.fulfilled_at, row.first_listed_at) == (NOW, NOW, None)
    assert row.fulfilment_id == entitlement.fulfilment_id
    assert row.claim_id == entitlement.claim_id
    assert (row.platform, row.source) == ("kick", "kick_drops")
    assert row.campaign_id == entitlement.claim.campaign_id
    assert row.reward_id == entitlement.claim.reward_id
    assert row.test is False


def test_list_entitlements_of_a_campaign_in_test_mode():
    entitlement_in("Rust", is_test=True)

    assert [row.test for row in listed()] == [True]


def test_list_entitlements_of_a_campaign_that_was_deleted():
    entitlement = entitlement_in("Rust", is_test=True)
    Campaign.objects.all().delete()

    (row,) = listed()

    assert (row.id, row.test) == (entitlement.id, False)


def test_list_entitlements_of_one_player():
    mine = make_entitlement()
    make_entitlement()

    assert ids(listed(game_account_id=mine.player.game_account_id)) == [mine.id]
    assert listed(game_account_id="nobody") == []


def test_list_entitlements_by_status():
    granted, fulfilled, revoked = (make_entitlement(status=status) for status in EVERY_STATUS)

    assert ids(listed(statuses=["GRANTED"])) == [granted.id]
    assert ids(listed(statuses=["FULFILLED", "REVOKED"])) == [fulfilled.id, revoked.id]


def test_list_entitlements_of_some_categories():
    rust, chess, blank = (entitlement_in(category) for category in ("Rust", "Chess", ""))

    assert ids(listed(categories=["Rust"])) == [rust.id]
    assert ids(listed(categories=["Rust", "Chess"])) == [rust.id, chess.id]
    assert ids(listed(categories=["rust"])) == []
    assert ids(listed()) == [rust.id, chess.id, blank.id]


def test_list_entitlements_in_pages():
    made = [make_entitlement().id for _ in range(3)]

    assert ids(listed(limit=2)) == made[:2]
    assert ids(listed(limit=2, after_id=made[1])) == made[2:]


def test_list_entitlements_in_one_statement(django_assert_num_queries):
    for _ in range(3):
        make_entitlement()

    with django_assert_num_queries(1):
        rows = listed(categories=["Starfall Online"])

    assert len(rows) == 3


def test_mark_first_listed_once():
    old, new = make_entitlement(first_listed_at=NOW), make_entitlement()
    later = NOW + timedelta(hours=1)

    assert mark_first_listed(entitlement_ids=[new.id, old.id], now=later) == 1
    assert mark_first_listed(entitlement_ids=[new.id, old.id], now=NOW) == 0

    assert [row.first_listed_at for row in listed()] == [NOW, later]


def test_list_links_by_game_account_id():
    player = make_player(game_account_id="a/b?c=%2F#ü ")
    account = make_account(player=player)
    make_account(player=make_player())
    make_player(game_account_id="unlinked")

    (link,) = list_links(game_account_id="a/b?c=%2F#ü ")

    assert (link.platform, link.user_id, link.name) == ("kick", account.user_id, account.name)
    assert (link.linked_at, link.is_disconnected) == (NOW, False)
    assert list_links(game_account_id="unlinked") == []
    assert list_links(game_account_id="never seen") == []


@pytest.mark.parametrize("status", EVERY_STATUS)
def test_a_listed_entitlement_is_written_as_its_fields_describe_it(status):
    make_entitlement(status=status)
    (row,) = listed()
    serializer = EntitlementSerializer()

    assert serializer.to_representation(row) == Serializer.to_representation(serializer, row)
