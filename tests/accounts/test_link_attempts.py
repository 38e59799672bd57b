from datetime import datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from pytest_django.fixtures import Settings

from accounts.link_attempts import (
    LIFETIME,
    LinkAttemptRefused,
    begin_link_attempt,
    take_link_attempt,
)
from accounts.models import LinkAttempt, Player
from tests.factories import NOW, make_player
from tests.threads import at_once

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def begin(player: Player) -> str:
    return begin_link_attempt(
        platform="kick", player=player, session_key="s-1", verifier="a-verifier", now=NOW
    )


def take(player: Player, state: str, *, now: datetime = NOW, **changes: str) -> str:
    browser = {"platform": "kick", "session_key": "s-1"} | changes
    return take_link_attempt(player=player, state=state, now=now, **browser)


def test_take_link_attempt_gives_the_verifier() -> None:
    player = make_player()
    state = begin(player)

    verifier = take(player, state, now=NOW + LIFETIME - SECOND)

    assert verifier == "a-verifier"


def test_take_link_attempt_again_is_refused() -> None:
    player = make_player()
    state = begin(player)
    take(player, state)

    with pytest.raises(LinkAttemptRefused):
        take(player, state)


def test_take_link_attempt_after_ten_minutes_is_refused() -> None:
    player = make_player()
    state = begin(player)

    with pytest.raises(LinkAttemptRefused):
        take(player, state, now=NOW + LIFETIME)


def test_take_link_attempt_of_another_session_is_refused_and_left() -> None:
    player = make_player()
    state = begin(player)

    with pytest.raises(LinkAttemptRefused):
        take(player, state, session_key="s-2")

    assert LinkAttempt.objects.exists()


def test_take_link_attempt_of_another_player_is_refused_and_left() -> None:
    state = begin(make_player())

    with pytest.raises(LinkAttemptRefused):
        take(make_player(), state)

    assert LinkAttempt.objects.exists()


def test_take_link_attempt_of_another_platform_is_refused_and_left() -> None:
    player = make_player()
    state = begin(player)

    with pytest.raises(LinkAttemptRefused):
        take(player, state, platform="another")

    assert take(player, state) == "a-verifier"


def test_take_link_attempt_whose_key_is_gone_is_refused(settings: Settings) -> None:
    player = make_player()
    state = begin(player)
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(LinkAttemptRefused):
        take(player, state)


def test_begin_link_attempt_stores_no_secret() -> None:
    state = begin(make_player())

    row = LinkAttempt.objects.values().get()
    assert not [value for value in row.values() if value in (state, "s-1", b"a-verifier")]


def test_begin_link_attempt_cleans_up_what_has_expired() -> None:
    player = make_player()
    begin(player)

    begin_link_attempt(
        platform="kick",
        player=player,
        session_key="s-1",
        verifier="another",
        now=NOW + LIFETIME,
    )

    assert LinkAttempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_take_link_attempt_at_once_gives_it_to_one() -> None:
    player = make_player()
    state = begin(player)

    def take_or_not() -> str:
        try:
            return take(player, state)
        except LinkAttemptRefused:
            return ""

    verifiers = at_once([take_or_not] * 8)

    assert sorted(verifiers) == [""] * 7 + ["a-verifier"]
