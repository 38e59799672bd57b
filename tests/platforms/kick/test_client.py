import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import LazySettings

from platforms.kick import client
from platforms.kick.client import AppToken, NoPublicKey, get_kick, verify_delivery
from platforms.kick.models import PublicKey
from platforms.kick.protocol.oauth import Tokens
from tests.platforms.kick.protocol.keys import delivery_signed_by, pem_of, private_key
from tests.platforms.kick.protocol.scripted_server import ScriptedServer, reply, running_server

NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running_server() as running:
        yield running


@pytest.fixture(autouse=True)
def deployment(server: ScriptedServer, settings: LazySettings) -> None:
    settings.KICK_ID_URL = settings.KICK_API_URL = server.url


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class TokenServer:
    """Counts the tokens that it gives, each good for two hours."""

    def __init__(self, expires_in: int = 7200) -> None:
        self.expires_in = expires_in
        self.given = 0

    def __call__(self) -> Tokens:
        self.given += 1
        return Tokens(f"token-{self.given}", "", self.expires_in, "", "Bearer")


def test_app_token_is_kept_until_shortly_before_it_expires() -> None:
    clock, fetch = Clock(), TokenServer()
    app_token = AppToken(fetch, clock)

    tokens = []
    for seconds in (0, 7139, 1):
        clock.seconds += seconds
        tokens.append(app_token(False))

    assert tokens == ["token-1", "token-1", "token-2"]


def test_app_token_of_short_life_is_kept_for_most_of_it() -> None:
    clock, fetch = Clock(), TokenServer(expires_in=20)
    app_token = AppToken(fetch, clock)

    tokens = []
    for seconds in (0, 17, 2):
        clock.seconds += seconds
        tokens.append(app_token(False))

    assert tokens == ["token-1", "token-1", "token-2"]


def test_app_token_fresh_replaces_the_refused_one() -> None:
    app_token = AppToken(TokenServer())

    tokens = [app_token(False), app_token(True), app_token(False)]

    assert tokens == ["token-1", "token-2", "token-2"]


def test_app_token_is_fetched_by_one_thread_for_all() -> None:
    fetch = TokenServer()
    may_answer = threading.Event()

    def fetch_slowly() -> Tokens:
        may_answer.wait(5)
        return fetch()

    app_token = AppToken(fetch_slowly)
    tokens: list[str] = []
    threads = [
        threading.Thread(target=lambda fresh=fresh: tokens.append(app_token(fresh)))
        for fresh in (False, True) * 4
    ]
    for thread in threads:
        thread.start()
    may_answer.set()
    for thread in threads:
        thread.join()

    assert tokens == ["token-1"] * 8


def test_app_token_that_could_not_be_fetched_is_tried_again() -> None:
    answers: list[Any] = [RuntimeError("down"), Tokens("token", "", 7200, "", "Bearer")]

    def fetch() -> Tokens:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    app_token = AppToken(fetch)

    with pytest.raises(RuntimeError):
        app_token(False)
    assert app_token(False) == "token"


def test_get_kick_is_one_per_process() -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(get_kick())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(kick) for kick in found}) == 1


@pytest.mark.django_db
def test_get_kick_talks_to_the_hosts_of_the_settings(
    server: ScriptedServer, settings: LazySettings
) -> None:
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "our-app", "our-secret"
    token = {"access_token": "app-token", "token_type": "Bearer", "expires_in": 7200}
    server.script(reply(200, token), reply(200, {"data": {"claims": []}}))

    list(get_kick().api.iter_claims())
    list(get_kick().api.iter_claims())

    assert [seen.path for seen in server.seen] == [
        "/oauth/token",
        "/public/v1/drops/claims",
        "/public/v1/drops/claims",
    ]
    assert server.seen[0].form == {
        "grant_type": "client_credentials",
        "client_id": "our-app",
        "client_secret": "our-secret",
    }


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_get_kick_after_a_fork_is_another() -> None:
    kick = get_kick()

    with client._building:  # as if another thread were in there while this one forks
        child = os.fork()
        if child == 0:
            os._exit(0 if get_kick() is not kick else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert get_kick() is kick


@pytest.mark.django_db
def test_verify_delivery_shares_the_key_in_the_database(server: ScriptedServer) -> None:
    key = private_key("kick")
    server.script(reply(200, {"data": {"public_key": pem_of(key)}}))

    assert verify_delivery(delivery_signed_by(key), now=NOW)
    assert not verify_delivery(delivery_signed_by(private_key("forger")), now=NOW)
    assert PublicKey.objects.get(api_url=server.url).pem == pem_of(key)


@pytest.mark.django_db
def test_verify_delivery_without_a_key() -> None:
    with pytest.raises(NoPublicKey, match="Check KICK_API_URL"):
        verify_delivery(delivery_signed_by(private_key("kick")), now=NOW)
