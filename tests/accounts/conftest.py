from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.game_logins import get_game_login
from tests.accounts.visitor import Visitor
from tests.local_kick_process import LocalKick


@pytest.fixture(autouse=True)
def _own_game_login() -> None:
    """The login is kept for the process's life; each test may have another one."""
    get_game_login.cache_clear()


@pytest.fixture
def kick(local_kick: LocalKick, settings: Settings) -> LocalKick:
    """The local Kick, knowing this deployment's app."""
    settings.DEBUG = True
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    local_kick.register_app(
        client_id=settings.KICK_CLIENT_ID,
        client_secret=settings.KICK_CLIENT_SECRET,
        redirect_uris=[settings.KICK_REDIRECT_URI],
    )
    return local_kick


@pytest.fixture
def new_visitor(kick: LocalKick) -> Callable[[str], Visitor]:
    """Makes a browser that is logged in to the game under the name given."""

    def make(name: str) -> Visitor:
        visitor = Visitor(client=Client(), kick=kick)
        visitor.log_in(name)
        return visitor

    return make


@pytest.fixture
def nova(new_visitor: Callable[[str], Visitor]) -> Visitor:
    return new_visitor("Nova")
