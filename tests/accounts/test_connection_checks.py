"""What the player's page says about the connection, and what it costs Kick."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.authorizations import refresh_authorizations
from accounts.connection_checks import Connection, check_connection
from accounts.models import Authorization, PlatformAccount
from accounts.platform_login import PlatformLogin, get_login
from tests.accounts.visitor import Visitor
from tests.local_kick_process import LocalKick
from tests.threads import at_once

pytestmark = pytest.mark.django_db

A_MINUTE = timedelta(seconds=61)
INTROSPECT, TOKEN = "/oauth/token/introspect", "/oauth/token"


@pytest.fixture
def login() -> PlatformLogin:
    return get_login("kick")


@pytest.fixture
def linked(nova: Visitor) -> PlatformAccount:
    nova.link("nova_live")
    nova.client.get("/link/")  # takes the news of the link
    return PlatformAccount.objects.get()


@pytest.fixture
def check(login: PlatformLogin, linked: PlatformAccount) -> Callable[[datetime], Connection]:
    return lambda now: check_connection(login=login, account=linked, now=now)


def make_older(by: timedelta) -> None:
    """Move the link's last confirmation into the past, as if `by` had passed since."""
    row = Authorization.objects.get()
    for name in ("access_expires_at", "confirmed_at", "checked_at"):
        if getattr(row, name):
            setattr(row, name, getattr(row, name) - by)
    row.save()


def calls(kick: LocalKick, path: str) -> int:
    return sum(request["path"] == path for request in kick.requests())


def test_a_new_link_is_confirmed_without_a_call(
    check: Callable[[datetime], Connection], kick: LocalKick
) -> None:
    before = calls(kick, INTROSPECT)

    assert check(timezone.now()) == Connection.CONFIRMED
    assert calls(kick, INTROSPECT) == before


def test_a_live_connection_costs_one_introspection_a_minute(
    check: Callable[[datetime], Connection], kick: LocalKick
) -> None:
    before, later = calls(kick, INTROSPECT), timezone.now() + A_MINUTE

    states = [check(later + timedelta(seconds=seconds)) for seconds in (0, 1, 59)]

    assert states == [Connection.CONFIRMED] * 3
    assert calls(kick, INTROSPECT) == before + 1


def test_a_connection_that_the_viewer_ended_at_kick_is_refused(
    check: Callable[[datetime], Connection],
    linked: PlatformAccount,
    login: PlatformLogin,
    kick: LocalKick,
    settings: Settings,
) -> None:
    kick.disconnect(user_id=int(linked.user_id), client_id=settings.KICK_CLIENT_ID)
    now = timezone.now() + A_MINUTE

    first = check(now)
    refresh_authorizations(login=login, now=now)
    second = check(now + timedelta(seconds=3))

    assert (first, second) == (Connection.CHECKING, Connection.REFUSED)
    assert check(now + A_MINUTE) == Connection.REFUSED


def test_an_old_link_is_confirmed_by_the_refresh(
    check: Callable[[datetime], Connection], login: PlatformLogin, kick: LocalKick
) -> None:
    before, now = calls(kick, TOKEN), timezone.now() + timedelta(hours=30)

    first = check(now)
    refresh_authorizations(login=login, now=now)
    second = check(now + timedelta(seconds=3))

    assert (first, second) == (Connection.CHECKING, Connection.CONFIRMED)
    assert calls(kick, TOKEN) == before + 1


def test_without_a_worker_the_check_ends_as_unknown(
    check: Callable[[datetime], Connection],
) -> None:
    now = timezone.now() + timedelta(hours=30)

    states = [check(now + timedelta(seconds=seconds)) for seconds in (0, 10, 21, 50)]

    assert states == [Connection.CHECKING] * 2 + [Connection.UNKNOWN] * 2


def test_a_token_that_a_worker_is_exchanging_is_left_alone(
    check: Callable[[datetime], Connection],
) -> None:
    now = timezone.now() + timedelta(hours=30)
    in_exchange = now + timedelta(minutes=3)
    Authorization.objects.update(next_refresh_at=in_exchange)

    check(now)

    assert Authorization.objects.get().next_refresh_at == in_exchange


def test_kick_down_is_unknown_and_asked_once_a_minute(
    check: Callable[[datetime], Connection], kick: LocalKick
) -> None:
    now = timezone.now() + A_MINUTE
    kick.set_faults(api={"status": 503, "path_prefix": "/oauth/token"})
    before = calls(kick, INTROSPECT)

    states = [check(now), check(now + timedelta(seconds=30))]

    assert states == [Connection.UNKNOWN] * 2
    assert calls(kick, INTROSPECT) == before + 1


def test_slow_kick_is_not_waited_for(
    check: Callable[[datetime], Connection], kick: LocalKick
) -> None:
    kick.set_faults(api={"slow_seconds": 4, "path_prefix": "/oauth/token"})

    state = check(timezone.now() + A_MINUTE)

    assert state == Connection.UNKNOWN


@pytest.mark.django_db(transaction=True)
def test_many_requests_at_once_ask_once(
    check: Callable[[datetime], Connection], kick: LocalKick
) -> None:
    before, now = calls(kick, INTROSPECT), timezone.now() + A_MINUTE

    at_once([lambda: check(now)] * 5)

    assert calls(kick, INTROSPECT) == before + 1


def test_page_says_what_kick_says(
    nova: Visitor,
    linked: PlatformAccount,
    login: PlatformLogin,
    kick: LocalKick,
    settings: Settings,
) -> None:
    before = nova.hub()
    kick.disconnect(user_id=int(linked.user_id), client_id=settings.KICK_CLIENT_ID)
    make_older(A_MINUTE)

    meanwhile = nova.client.get("/link/")
    refresh_authorizations(login=login, now=timezone.now())
    after = nova.hub()

    assert "now arrive in your game" in before
    assert "checking the connection" in meanwhile.content.decode()
    assert meanwhile["Refresh"] == "3"
    assert "Reconnect to Kick" in after
    assert "now arrive in your game" not in after
    nova.link("nova_live")
    assert "now arrive in your game" in nova.hub()


def test_player_from_kick_sees_how_to_use_another_account(
    nova: Visitor, linked: PlatformAccount, settings: Settings
) -> None:
    opened = [
        bool(re.search(r"<details[^>]* open", page.content.decode()))
        for page in (
            nova.client.get("/link/", headers={"Referer": f"{settings.KICK_ID_URL}/"}),
            nova.client.get("/link/", headers={"Referer": "https://elsewhere.example/"}),
            nova.client.get("/link/", headers={"Sec-Fetch-Site": "cross-site"}),
            nova.client.get("/link/", headers={"Sec-Fetch-Site": "same-origin"}),
            nova.client.get("/link/"),
        )
    ]

    assert opened == [True, False, True, False, False]
    assert "linked to the Kick account <strong><bdi>nova_live</bdi>" in nova.hub()
