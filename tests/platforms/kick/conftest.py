from collections.abc import Iterator

import pytest

from tests.platforms.kick.protocol.scripted_server import ScriptedServer, running_server


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running_server() as running:
        yield running
