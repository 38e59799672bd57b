"""The example in docs/developers/game-login.md, run as it is printed there."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Player
from tests.accounts.visitor import query_of

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).parents[2] / "docs" / "developers" / "game-login.md"


@pytest.fixture
def example(settings: Settings) -> Iterator[ModuleType]:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    module = ModuleType("example_login")
    exec(found[1], module.__dict__)
    sys.modules[module.__name__] = module
    settings.GAME_LOGIN = f"{module.__name__}.TicketLogin"
    yield module
    del sys.modules[module.__name__]


def ticket(example: ModuleType, nonce: str) -> str:
    contents = {"nonce": nonce, "account": "acct-7", "name": "Nova"}
    return str(example.SIGNER.sign_object(contents))


def test_example_is_of_thirty_lines() -> None:
    found = re.search(r"class TicketLogin.*?```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    assert found is not None
    assert found[0].count("\n") <= 30


def test_example_logs_in(client: Client, example: ModuleType) -> None:
    nonce = query_of(client.get("/link/login")["Location"])["nonce"]

    response = client.get("/link/login/callback", {"ticket": ticket(example, nonce)})

    assert response["Location"] == "/link/"
    assert Player.objects.get().game_account_id == "acct-7"


@pytest.mark.parametrize("nonce", ["", "another"])
def test_example_refuses_the_ticket_of_another_browser(
    client: Client, example: ModuleType, nonce: str
) -> None:
    client.get("/link/login")

    response = client.get("/link/login/callback", {"ticket": ticket(example, nonce)})

    assert response.status_code == 400
    assert not Player.objects.exists()


def test_example_refuses_a_forged_ticket(client: Client, example: ModuleType) -> None:
    response = client.get("/link/login/callback", {"ticket": "forged"})

    assert response.status_code == 400
    assert "This login has expired" in response.content.decode()
