from datetime import timedelta

import pytest

from accounts.models import Player
from accounts.players import BadGameAccountId, record_login
from tests.factories import NOW
from tests.threads import at_once

LATER = NOW + timedelta(days=1)


@pytest.mark.django_db
def test_record_login_the_first_time_makes_the_player() -> None:
    player = record_login(game_account_id="acct/1?x=%20", name="Nova", now=NOW)

    assert (player.game_account_id, player.name) == ("acct/1?x=%20", "Nova")
    assert player.created_at == player.last_login_at == NOW


@pytest.mark.django_db
def test_record_login_again_renews_name_and_time() -> None:
    first = record_login(game_account_id="1", name="Nova", now=NOW)

    again = record_login(game_account_id="1", name="Supernova", now=LATER)

    assert again.pk == first.pk
    assert (again.name, again.created_at, again.last_login_at) == ("Supernova", NOW, LATER)


@pytest.mark.django_db
@pytest.mark.parametrize("length", [1, 128])
def test_record_login_takes_ids_of_up_to_128_characters(length: int) -> None:
    player = record_login(game_account_id="ü" * length, name="", now=NOW)

    assert player.game_account_id == "ü" * length


@pytest.mark.django_db
@pytest.mark.parametrize("game_account_id", ["", "x" * 129, "a\0b", "a\ud800"])
def test_record_login_refuses_what_cannot_be_an_id(game_account_id: str) -> None:
    with pytest.raises(BadGameAccountId):
        record_login(game_account_id=game_account_id, name="Nova", now=NOW)

    assert not Player.objects.exists()


@pytest.mark.django_db
def test_record_login_tells_ids_apart_exactly() -> None:
    ids = ["Nova", "nova", "Nova ", "Ｎova"]

    players = {record_login(game_account_id=each, name="", now=NOW).pk for each in ids}

    assert len(players) == 4


@pytest.mark.django_db(transaction=True)
def test_record_login_at_once_makes_one_player() -> None:
    def log_in() -> int:
        return record_login(game_account_id="1", name="Nova", now=NOW).pk

    players = at_once([log_in] * 8)

    assert len(set(players)) == 1
