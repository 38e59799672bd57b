from urllib.parse import quote

import pytest

from claims.models import Entitlement
from tests.factories import (
    NOW,
    make_campaign,
    make_claim,
    make_entitlement,
    make_player,
    make_reward,
)

URL = "/api/v1/entitlements"


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [entitlement["id"] for entitlement in answer.json()["entitlements"]]


def test_list_says_everything_of_one(api):
    entitlement = make_entitlement(quantity=2)

    answer = api.get(URL, {"game_account_id": entitlement.player.game_account_id})

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    assert answer.json() == {
        "entitlements": [
            {
                "id": entitlement.public_id,
                "game_account_id": entitlement.player.game_account_id,
                "sku": entitlement.sku,
                "quantity": 2,
                "status": "GRANTED",
                "granted_at": "2026-06-23T12:00:00Z",
                "fulfilled_at": None,
                "fulfilment_id": None,
                "revoked_at": None,
                "platform": "kick",
                "source": "kick_drops",
                "claim_id": entitlement.claim_id,
                "campaign_id": entitlement.claim.campaign_id,
                "reward_id": entitlement.claim.reward_id,
                "test": False,
            }
        ],
        "next_cursor": None,
    }


def test_list_of_a_manual_grant_names_no_platform(api):
    claim = make_claim(
        status="GRANTED",
        source="manual",
        path="MANUAL",
        account=None,
        campaign=None,
        reward=make_reward(),
    )
    make_entitlement(claim=claim)

    (entitlement,) = api.get(URL).json()["entitlements"]

    assert (entitlement["platform"], entitlement["source"]) == (None, "manual")
    assert entitlement["campaign_id"] is None


def test_list_of_a_player_has_every_status(api):
    player = make_player()
    made = [make_entitlement(player=player, status=status) for status in Entitlement.Status]

    assert ids(api.get(URL, {"game_account_id": player.game_account_id})) == [
        entitlement.public_id for entitlement in made
    ]


def test_list_of_a_player_by_several_statuses(api):
    player = make_player()
    _, fulfilled, revoked = (make_entitlement(player=player, status=s) for s in Entitlement.Status)
    query = {"game_account_id": player.game_account_id, "status": ["FULFILLED", "REVOKED"]}

    assert ids(api.get(URL, query)) == [fulfilled.public_id, revoked.public_id]


def test_list_without_a_player_is_the_queue(api):
    granted, *_ = (make_entitlement(status=status) for status in Entitlement.Status)

    assert ids(api.get(URL)) == [granted.public_id]
    assert ids(api.get(URL, {"status": "GRANTED"})) == [granted.public_id]


@pytest.mark.parametrize(
    "game_account_id",
    [
        "a/b/c",
        "../x",
        "100%",
        "%2F",
        "a+b",
        "a b",
        " a ",
        "a&status=x",
        "é漢🎮",
        "'\"<>;--",
        "#",
        "\\",
    ],
)
def test_list_of_a_player_with_any_characters(api, game_account_id):
    entitlement = make_entitlement(player=make_player(game_account_id=game_account_id))
    make_entitlement()

    answer = api.get(f"{URL}?game_account_id={quote(game_account_id, safe='')}")

    assert ids(answer) == [entitlement.public_id]


def test_list_of_a_player_with_the_longest_id(api):
    entitlement = make_entitlement(player=make_player(game_account_id="🎮" * 128))

    assert ids(api.get(URL, {"game_account_id": "🎮" * 128})) == [entitlement.public_id]


def test_list_of_an_unknown_player(api):
    make_entitlement()

    assert ids(api.get(URL, {"game_account_id": "nobody"})) == []


def test_list_in_pages_of_one_pass(api):
    made = [make_entitlement().public_id for _ in range(5)]

    seen, cursor = [], None
    while len(seen) < 10:
        answer = api.get(URL, {"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen.append(ids(answer))
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break

    assert seen == [made[:2], made[2:4], made[4:]]


def test_list_whose_last_page_is_full_has_no_next_cursor(api):
    make_entitlement()

    assert api.get(URL, {"limit": 1}).json()["next_cursor"] is None


@pytest.mark.parametrize("categories", [["Rust"], ["Chess"], ["Rust", "Chess"], []])
def test_list_for_a_key_limited_to_categories(make_client, categories):
    made = {}
    for category in ("Rust", "Chess", ""):
        claim = make_claim(status="GRANTED", campaign=make_campaign(category=category))
        made[category] = make_entitlement(claim=claim).public_id

    assert ids(make_client(*categories).get(URL)) == [
        made[category] for category in made if not categories or category in categories
    ]


def test_list_marks_what_it_lists_once(api, django_assert_num_queries):
    listed, beyond = make_entitlement(), make_entitlement()
    api.get(URL, {"limit": 1})
    listed.refresh_from_db()
    beyond.refresh_from_db()

    assert listed.first_listed_at > NOW
    assert beyond.first_listed_at is None
    # The key and the page: a server that polls writes nothing.
    with django_assert_num_queries(2):
        api.get(URL, {"limit": 1})


def test_list_in_a_constant_number_of_statements(api, django_assert_num_queries):
    for _ in range(20):
        make_entitlement()
    api.get("/api/v1/player", {"game_account_id": "the key is used"})

    # The key, the page, and the mark within its savepoint.
    with django_assert_num_queries(5):
        api.get(URL)


def fault(answer):
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    return error


@pytest.mark.parametrize(
    ("query", "parameter", "said"),
    [
        ("game_account_id=", "game_account_id", "blank"),
        ("game_account_id=a%00b", "game_account_id", "Null characters"),
        ("game_account_id=" + "a" * 129, "game_account_id", "128"),
        ("game_account_id=a&game_account_id=b", "game_account_id", "once"),
        ("game_acount_id=a", "game_acount_id", "game_account_id, status, limit, cursor"),
        ("status=", "status", "GRANTED, FULFILLED, REVOKED"),
        ("status=granted", "status", "GRANTED, FULFILLED, REVOKED"),
        ("game_account_id=a&status=GRANTED&status=LOST", "status", "LOST"),
        ("status=FULFILLED", "status", "game_account_id"),
        ("limit=0", "limit", "1"),
        ("limit=1001", "limit", "1000"),
        ("limit=x", "limit", "integer"),
        ("limit=" + "9" * 5000, "limit", "large"),
        ("cursor=", "cursor", "blank"),
        ("cursor=x", "cursor", "next_cursor"),
        ("cursor=YWZ0ZXI6LTE", "cursor", "next_cursor"),
        ("cursor=" + "A" * 5000, "cursor", "next_cursor"),
        ("cursor=%F0%9F%8E%AE", "cursor", "next_cursor"),
        ("cursor=%00", "cursor", "next_cursor"),
    ],
)
def test_list_of_a_query_that_is_not_valid(api, query, parameter, said):
    error = fault(api.get(f"{URL}?{query}"))

    assert error["parameter"] == parameter
    assert said in error["detail"]
