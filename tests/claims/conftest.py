"""Fixtures of the ledger's tests."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.signing import SigningKick, signing_kick


@pytest.fixture(scope="session")
def _signing_kick() -> Iterator[SigningKick]:
    with signing_kick() as kick:
        yield kick


@pytest.fixture
def kick(_signing_kick: SigningKick, settings: Settings) -> SigningKick:
    """A Kick that hands out its key and signs deliveries."""
    settings.KICK_API_URL = _signing_kick.url
    return _signing_kick
