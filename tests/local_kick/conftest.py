from collections.abc import Iterator

import pytest

from tests.local_kick.world import World
from tests.local_kick_process import LocalKick, running_local_kick


@pytest.fixture(scope="session")
def local_kick_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKick]:
    with running_local_kick(tmp_path_factory.mktemp("local-kick") / "kick.sqlite3") as running:
        yield running


@pytest.fixture
def local_kick(local_kick_process: LocalKick) -> LocalKick:
    """A local Kick that knows nobody: one process for the session, emptied for each test."""
    local_kick_process.reset()
    return local_kick_process


@pytest.fixture
def world(local_kick: LocalKick) -> World:
    """An app of an organization, a campaign with a reward, and one viewer."""
    return World.build(local_kick)
