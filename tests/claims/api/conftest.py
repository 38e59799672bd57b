import pytest
from django.test import Client

from claims.api_keys import make_api_key
from tests.factories import NOW


@pytest.fixture
def make_client(db):
    """A client that asks as a game server, limited to these categories."""

    def make(*categories):
        _, secret = make_api_key(name="game server", categories=categories, now=NOW)
        return Client(headers={"Authorization": f"Bearer {secret}"})

    return make


@pytest.fixture
def api(make_client):
    return make_client()
