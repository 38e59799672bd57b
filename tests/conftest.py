"""What every test may ask for. tests/session.py prepares the session itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as project_settings
from pytest_django.fixtures import Settings

from tests.local_kick_process import LocalKick, running_local_kick
from tests.signing import SigningKick, signing_kick


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """SQLite is tested as a file in WAL mode: a database in memory is never raced by threads."""
    database = project_settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        database.setdefault("TEST", {})["NAME"] = str(
            Path(project_settings.VAR_DIR) / "test.sqlite3"
        )


@pytest.fixture(scope="session")
def local_kick_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKick]:
    with running_local_kick(tmp_path_factory.mktemp("local-kick") / "kick.sqlite3") as running:
        yield running


@pytest.fixture
def local_kick(local_kick_process: LocalKick) -> LocalKick:
    """A local Kick that knows nobody: one process for the session, emptied for each test."""
    local_kick_process.reset()
    return local_kick_process


@pytest.fixture(scope="session")
def _signing_kick() -> Iterator[SigningKick]:
    with signing_kick() as kick:
        yield kick


@pytest.fixture
def kick(_signing_kick: SigningKick, settings: Settings) -> SigningKick:
    """A Kick that publishes its key and signs deliveries."""
    settings.KICK_API_URL = _signing_kick.url
    return _signing_kick
