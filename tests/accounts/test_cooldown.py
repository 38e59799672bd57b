"""How long to wait after a link has ended, who waits, and that no race gets around it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from accounts.cooldown import FREE_FOR, cooldown_end, lift_cooldown, player_cooldown_end
from accounts.links import LinkRefused, NewAuthorization, RelinkTooSoon
from accounts.models import Deauthorization, PlatformAccount, Player
from claims.linking import link_player, unlink_player
from tests.factories import NOW, make_player, new_tokens
from tests.races import races
from tests.threads import at_once

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
A, B = "kick:1", "kick:2"


@pytest.fixture(autouse=True)
def week(settings: Any) -> None:
    settings.RELINK_COOLDOWN_DAYS = 7


def link(player: Player, account: str, *, now: datetime) -> None:
    link_player(
        player=player,
        account_key=account,
        name="",
        authorization=NewAuthorization(new_tokens(f"{account} {now}"), checked_at=now),
        now=now,
    )


def had(player: Player, account: str, *, until: datetime, lasted: timedelta = 30 * DAY) -> None:
    link(player, account, now=until - lasted)
    unlink_player(player=player, platform="kick", now=until)


def test_player_waits_before_linking_another_account() -> None:
    player = make_player()
    had(player, A, until=NOW)

    with pytest.raises(RelinkTooSoon):
        link(player, B, now=NOW + 7 * DAY - timedelta(seconds=1))

    assert PlatformAccount.objects.get(pk=B).player is None
    assert Deauthorization.objects.filter(account=B).exists()  # the unused authorization ends
    link(player, B, now=NOW + 7 * DAY)


def test_same_account_can_be_linked_again_at_once() -> None:
    player = make_player()
    had(player, A, until=NOW)

    link(player, A, now=NOW)


def test_account_cannot_be_passed_on() -> None:
    had(make_player(), A, until=NOW)

    with pytest.raises(RelinkTooSoon):
        link(make_player(), A, now=NOW + DAY)


def test_first_link_needs_no_wait() -> None:
    assert cooldown_end(player=make_player(), account_id=A, now=NOW) is None


def test_short_link_is_free_once() -> None:
    player = make_player()
    short = FREE_FOR - timedelta(seconds=1)
    had(player, A, until=NOW, lasted=short)
    link(player, B, now=NOW)
    unlink_player(player=player, platform="kick", now=NOW + timedelta(hours=1))

    with pytest.raises(RelinkTooSoon):
        link(player, "kick:3", now=NOW + timedelta(hours=1))


def test_link_of_a_whole_day_counts() -> None:
    player = make_player()
    had(player, A, until=NOW, lasted=FREE_FOR)

    assert player_cooldown_end(player=player, platform="kick", now=NOW) == NOW + 7 * DAY


def test_other_platform_does_not_count() -> None:
    player = make_player()
    had(player, A, until=NOW)

    assert cooldown_end(player=player, account_id="twitch:1", now=NOW) is None


def test_without_the_setting_no_one_waits(settings: Any) -> None:
    settings.RELINK_COOLDOWN_DAYS = 0
    player = make_player()
    had(player, A, until=NOW)

    link(player, B, now=NOW)


def test_staff_lift_it_for_both_sides() -> None:
    player = make_player()
    had(player, A, until=NOW)

    lifted = [lift_cooldown(player=player, platform="kick", actor="ada", now=NOW) for _ in range(2)]

    assert lifted == [1, 0]
    link(player, B, now=NOW)
    link(make_player(), A, now=NOW)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_no_race_gets_around_it() -> None:
    """While one browser unlinks, another links the next account."""
    for number in range(races(100)):
        player = make_player()
        first, second = f"kick:{number}1", f"kick:{number}2"
        link(player, first, now=NOW - 30 * DAY)

        acts: list[Callable[[], object]] = [
            partial(unlink_player, player=player, platform="kick", now=NOW),
            partial(_try_to_link, player, second),
        ]
        at_once(acts)

        assert not PlatformAccount.objects.filter(player=player, pk=second).exists()


def _try_to_link(player: Player, account: str) -> None:
    try:
        link(player, account, now=NOW)
    except LinkRefused:
        return
