"""Keeping authorizations alive, over real HTTP to the local Kick."""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta

import pytest
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings

from accounts.authorizations import refresh_authorizations
from accounts.links import REFRESHED_EVERY
from accounts.models import Authorization, Deauthorization, PlatformAccount
from accounts.platform_login import PlatformLogin, PlatformTokens, get_login
from accounts.tokens import decrypt
from core.platform_errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnauthorized,
    PlatformUnavailable,
)
from tests.accounts.visitor import Visitor
from tests.local_kick_process import LocalKick
from tests.threads import at_once

pytestmark = pytest.mark.django_db

A_MOMENT = timedelta(seconds=30)


@pytest.fixture
def login(kick: LocalKick) -> PlatformLogin:
    return get_login("kick")


@pytest.fixture
def authorization(nova: Visitor) -> Authorization:
    nova.link("nova_live")
    return Authorization.objects.get()


def token_of(authorization: Authorization) -> str:
    authorization.refresh_from_db()
    return decrypt(authorization.encrypted_refresh_token)


def test_refresh_authorizations_exchanges_a_token_that_is_due(
    authorization: Authorization, login: PlatformLogin
) -> None:
    before, due_at = token_of(authorization), authorization.next_refresh_at

    refreshed = refresh_authorizations(login=login, now=due_at)

    assert refreshed == 1
    assert token_of(authorization) != before
    assert abs(authorization.next_refresh_at - due_at - REFRESHED_EVERY) < A_MOMENT
    assert login.refresh(token_of(authorization)).access_token


def test_refresh_authorizations_leaves_what_is_not_due(
    authorization: Authorization, login: PlatformLogin
) -> None:
    before = token_of(authorization)

    refreshed = refresh_authorizations(
        login=login, now=authorization.next_refresh_at - timedelta(seconds=1)
    )

    assert (refreshed, token_of(authorization)) == (0, before)


def keep_trying(login: PlatformLogin, *, since: datetime, days: float) -> None:
    """Run the job whenever something is due, until so many days have passed."""
    until = since + timedelta(days=days)
    while due := Authorization.objects.filter(next_refresh_at__lte=until):
        now = due.earliest("next_refresh_at").next_refresh_at
        with suppress(PlatformError):
            refresh_authorizations(login=login, now=now)


def test_refresh_authorizations_marks_what_the_viewer_ended_at_kick_after_a_week(
    nova: Visitor,
    authorization: Authorization,
    login: PlatformLogin,
    kick: LocalKick,
    settings: Settings,
) -> None:
    user_id = int(authorization.account.user_id)
    began = authorization.next_refresh_at
    kick.disconnect(user_id=user_id, client_id=settings.KICK_CLIENT_ID)

    keep_trying(login, since=began, days=6.9)
    authorization.refresh_from_db()
    before, refused_since = authorization.disconnected_at, authorization.refused_since
    failures = authorization.failed_refreshes
    keep_trying(login, since=began, days=9)

    assert before is None
    assert refused_since
    assert abs(refused_since - began) < A_MOMENT
    assert 7 <= failures <= 24
    authorization.refresh_from_db()
    assert authorization.disconnected_at
    assert PlatformAccount.objects.get().player == nova.player
    assert "Reconnect" in nova.hub()


def test_a_disconnected_link_is_whole_again_after_reconnecting(
    nova: Visitor,
    authorization: Authorization,
    login: PlatformLogin,
    kick: LocalKick,
    settings: Settings,
) -> None:
    kick.disconnect(user_id=int(authorization.account.user_id), client_id=settings.KICK_CLIENT_ID)
    keep_trying(login, since=authorization.next_refresh_at, days=9)

    nova.link("nova_live")

    authorization.refresh_from_db()
    assert (authorization.disconnected_at, authorization.failed_refreshes) == (None, 0)
    assert "Reconnect" not in nova.hub()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 500}, PlatformUnavailable),
        ({"status": 429}, PlatformUnavailable),
        ({"status": 401}, PlatformUnauthorized),
        ({"status": 403}, None),
    ],
)
def test_refresh_authorizations_marks_nothing_while_kick_is_down_or_busy(
    authorization: Authorization,
    login: PlatformLogin,
    kick: LocalKick,
    fault: dict[str, int],
    error: type[PlatformError] | None,
) -> None:
    kick.set_faults(api={**fault, "path_prefix": "/oauth/token"})
    due_at = authorization.next_refresh_at

    with pytest.raises(error) if error else nullcontext():
        refresh_authorizations(login=login, now=due_at)

    authorization.refresh_from_db()
    assert (authorization.disconnected_at, authorization.failed_refreshes) == (None, 1)
    first = django_settings.BACK_OFFS["refresh"].first
    assert first / 2 <= authorization.next_refresh_at - due_at < first + A_MOMENT


REFUSED = {"path_prefix": "/oauth/token", "status": 400, "error": "invalid_grant"}


@pytest.fixture
def many(new_visitor: Callable[[str], Visitor]) -> datetime:
    """Twenty linked players. Returns the time of their first refresh."""
    for number in range(20):
        new_visitor(f"player-{number}").link(f"viewer_{number}")
    return Authorization.objects.earliest("next_refresh_at").next_refresh_at


def test_refresh_refused_at_random_disconnects_no_one(
    many: datetime, login: PlatformLogin, kick: LocalKick
) -> None:
    kick.set_faults(api={**REFUSED, "share": 0.3}, seed=5)

    keep_trying(login, since=many, days=8 * REFRESHED_EVERY.days)

    assert not Authorization.objects.filter(disconnected_at__isnull=False).exists()


def test_refresh_refused_for_all_disconnects_no_one(
    many: datetime, login: PlatformLogin, kick: LocalKick
) -> None:
    """Kick refuses everything for nine days: its fault, not the players'."""
    kick.set_faults(api=REFUSED)

    keep_trying(login, since=many, days=9)
    refused = Authorization.objects.refused().count()
    kick.clear_faults()
    keep_trying(login, since=many, days=11)

    assert refused == 20
    assert not Authorization.objects.filter(disconnected_at__isnull=False).exists()
    assert not Authorization.objects.refused().exists()


def test_refresh_refused_for_all_of_a_few_disconnects_no_one(
    new_visitor: Callable[[str], Visitor], login: PlatformLogin, kick: LocalKick
) -> None:
    for number in range(3):
        new_visitor(f"player-{number}").link(f"viewer_{number}")
    began = Authorization.objects.earliest("next_refresh_at").next_refresh_at
    kick.set_faults(api=REFUSED)

    keep_trying(login, since=began, days=12)

    assert Authorization.objects.refused().count() == 3


@pytest.mark.parametrize("expires_in", ["text", "decimal", "null", "empty", "absent"])
def test_refresh_keeps_the_new_token_whatever_its_lifetime_says(
    authorization: Authorization, login: PlatformLogin, kick: LocalKick, expires_in: str
) -> None:
    before = token_of(authorization)
    kick.set_faults(expires_in=expires_in)

    assert refresh_authorizations(login=login, now=authorization.next_refresh_at) == 1

    assert token_of(authorization) != before


def test_refresh_whose_answer_is_lost_works_again_if_kick_lets_tokens_be_reused(
    authorization: Authorization, login: PlatformLogin, kick: LocalKick
) -> None:
    truncated = {"path_prefix": "/oauth/token", "truncate": True, "count": 1}
    kick.set_faults(api=truncated, rotation="reusable")

    refresh_authorizations(login=login, now=authorization.next_refresh_at)
    authorization.refresh_from_db()
    refreshed = refresh_authorizations(login=login, now=authorization.next_refresh_at)

    assert refreshed == 1
    authorization.refresh_from_db()
    assert (authorization.failed_refreshes, authorization.refused_since) == (0, None)


def test_refresh_authorizations_marks_nothing_when_our_own_secret_is_wrong(
    authorization: Authorization, login: PlatformLogin, settings: Settings
) -> None:
    settings.KICK_CLIENT_SECRET = "wrong"

    with pytest.raises(PlatformUnauthorized):
        refresh_authorizations(login=get_login("kick"), now=authorization.next_refresh_at)

    authorization.refresh_from_db()
    assert authorization.disconnected_at is None


def test_refresh_authorizations_overtaken_by_an_unlink_revokes_the_new_token(
    nova: Visitor, authorization: Authorization, login: PlatformLogin
) -> None:
    class UnlinksMeanwhile(PlatformLogin):
        """The real login, with a player who unlinks while it waits for Kick."""

        platform = "kick"

        def refresh(self, token: str) -> PlatformTokens:
            tokens = login.refresh(token)
            nova.client.post("/link/unlink")
            return tokens

    refresh_authorizations(login=UnlinksMeanwhile(), now=authorization.next_refresh_at)

    assert not Authorization.objects.exists()
    tokens = [decrypt(row.encrypted_refresh_token) for row in Deauthorization.objects.all()]
    assert len(tokens) == 2
    spent = []
    for token in tokens:
        try:
            login.refresh(token)
        except PlatformRefused:
            spent.append(token)
    assert len(spent) == 1


@pytest.mark.django_db(transaction=True)
def test_refresh_authorizations_by_many_at_once_uses_each_token_once(
    authorization: Authorization, login: PlatformLogin
) -> None:
    due_at = authorization.next_refresh_at

    refreshed = at_once([lambda: refresh_authorizations(login=login, now=due_at)] * 6)

    authorization.refresh_from_db()
    assert (sum(refreshed), authorization.disconnected_at) == (1, None)
