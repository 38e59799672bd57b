"""A database that takes no writes is 503 on every path, not 500."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from claims.api_keys import make_api_key
from core.database_errors import is_read_only, is_unavailable
from tests.claims.ledger_assertions import receive
from tests.factories import NOW, make_entitlement, make_player
from tests.signing import SigningKick, claim_body

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def read_only() -> Iterator[None]:
    """As a standby answers before it is promoted."""
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    connection.close()
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    connection.close()


@pytest.fixture
def server() -> Client:
    return Client(raise_request_exception=False)


def test_webhook(kick: SigningKick, read_only: None) -> None:
    campaign = "01K0CAMPAIGN0000000000000A"
    body = claim_body(receive(campaign_id=campaign, reward_id="01K0REWARD00000000000000AA"))

    response = kick.deliver(body)

    assert response.status_code == 503


def test_fulfil(server: Client, request: pytest.FixtureRequest) -> None:
    _, secret = make_api_key(name="game server", categories=[], now=NOW)
    entitlement = make_entitlement(player=make_player())
    request.getfixturevalue("read_only")

    sent = {"entitlement_ids": [entitlement.public_id], "fulfilment_id": "login-1"}
    bearer = {"Authorization": f"Bearer {secret}"}
    response = server.post(
        "/api/v1/entitlements/fulfil", sent, content_type="application/json", headers=bearer
    )

    assert response.status_code == 503
    assert response["Retry-After"]


def test_player_s_login(server: Client, settings: object, read_only: None) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = False  # type: ignore[attr-defined]
    response = server.post("/admin/login/", {"username": "ada", "password": "wrong"})

    assert response.status_code == 503
    assert "back in a moment" in response.content.decode()


def test_other_errors_are_not_taken_for_it() -> None:
    assert not is_unavailable(ValueError())
    assert not is_read_only(ValueError())
