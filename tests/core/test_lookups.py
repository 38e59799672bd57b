"""`among` finds what `in` finds, with one parameter."""

import pytest

from accounts.models import Player
from tests.factories import make_player

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("field", ["pk", "game_account_id"])
def test_among_finds_the_listed_rows_alone(field: str) -> None:
    first, second, _third = make_player(), make_player(), make_player()
    listed = [getattr(first, field), getattr(second, field)]

    found = Player.objects.filter(**{f"{field}__among": listed})

    assert set(found) == {first, second}


@pytest.mark.parametrize("text", ["a,b", 'a"b', "a'b", "{a}", "NULL", "ü", "a\\b", ""])
def test_among_takes_any_text_as_it_is(text: str) -> None:
    player = make_player(game_account_id=text)
    make_player()

    assert list(Player.objects.filter(game_account_id__among=[text])) == [player]


def test_among_nothing_finds_nothing() -> None:
    make_player()

    assert not Player.objects.filter(pk__among=[]).exists()


def test_among_has_one_parameter_for_lists_of_any_length() -> None:
    compiled = [
        Player.objects.filter(pk__among=[0] * length).query.get_compiler("default").as_sql()
        for length in (1, 1000)
    ]

    (short, short_parameters), (long, long_parameters) = compiled
    assert short == long
    assert len(short_parameters) == len(long_parameters) == 1
