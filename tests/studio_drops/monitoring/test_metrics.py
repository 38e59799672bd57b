"""That what is counted is counted: over real HTTP, as a rate a person would look at."""

import pytest
from django.test import Client
from prometheus_client import REGISTRY

from platforms.kick.client import get_kick
from platforms.kick.protocol.errors import KickError
from tests.local_kick_process import LocalKick


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"studio_drops_{name}_total", labels) or 0.0


@pytest.mark.django_db
def test_calls_of_kick_are_counted_by_path_and_status(
    local_kick: LocalKick, settings: pytest.FixtureRequest
) -> None:
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    labels = {"path": "/public/v1/drops/claims", "outcome": "200"}
    before = counted("kick_calls", **labels)

    list(get_kick().api.iter_claims())

    assert counted("kick_calls", **labels) == before + 1


def test_calls_that_reach_nobody_are_counted(settings: pytest.FixtureRequest) -> None:
    settings.KICK_API_URL = "http://127.0.0.1:1"
    labels = {"path": "/public/v1/public-key", "outcome": "unreachable"}
    before = counted("kick_calls", **labels)

    with pytest.raises(KickError):
        get_kick().api.public_key()

    assert counted("kick_calls", **labels) > before


@pytest.mark.django_db
def test_ends_of_linking_are_counted(client: Client) -> None:
    before = counted("link_ends", outcome="LinkAttemptRefused")

    client.get("/link/kick/callback", {"code": "c", "state": "forged"})

    assert counted("link_ends", outcome="LinkAttemptRefused") == before + 1
