from urllib.parse import quote

import pytest

from accounts.models import Authorization
from tests.factories import NOW, make_account, make_player

URL = "/api/v1/player"


def test_player_linked(api):
    player = make_player(game_account_id="a/b %2F é")
    make_account(player=player, user_id="18446744073709551615", name="night_owl")

    answer = api.get(f"{URL}?game_account_id={quote('a/b %2F é', safe='')}")

    assert answer.status_code == 200
    assert answer.json() == {
        "game_account_id": "a/b %2F é",
        "links": [
            {
                "platform": "kick",
                "user_id": "18446744073709551615",
                "name": "night_owl",
                "linked_at": "2026-06-23T12:00:00Z",
                "state": "linked",
            }
        ],
    }


def test_player_linked_on_two_platforms(api):
    player = make_player(game_account_id="hero-7")
    make_account(player=player, key="twitch:abc", name="owl_on_twitch")
    make_account(player=player, key="kick:7", name="night_owl")

    links = api.get(URL, {"game_account_id": "hero-7"}).json()["links"]

    assert [(link["platform"], link["user_id"]) for link in links] == [
        ("kick", "7"),
        ("twitch", "abc"),
    ]


@pytest.mark.parametrize(("purpose", "state"), [("player", "disconnected"), ("channel", "linked")])
def test_player_whose_authorization_has_ended(api, purpose, state):
    account = make_account(player=make_player(game_account_id="hero-7"))
    Authorization.objects.create(
        account=account, purpose=purpose, authorized_at=NOW, obtained_at=NOW, disconnected_at=NOW
    )

    (link,) = api.get(URL, {"game_account_id": "hero-7"}).json()["links"]

    assert link["state"] == state


def test_player_not_linked_and_player_unknown_are_answered_alike(api):
    make_player(game_account_id="known")

    for game_account_id in ("known", "unknown"):
        answer = api.get(URL, {"game_account_id": game_account_id})

        assert answer.status_code == 200
        assert answer.json() == {"game_account_id": game_account_id, "links": []}


def test_player_without_an_id(api):
    answer = api.get(URL)

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"detail": "This field is required.", "parameter": "game_account_id"}
    ]


def test_player_in_a_constant_number_of_statements(api, django_assert_num_queries):
    api.get(URL, {"game_account_id": "the key is used"})

    with django_assert_num_queries(2):
        api.get(URL, {"game_account_id": "anybody"})
