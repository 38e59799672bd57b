import pytest

from tests.local.kick.world import World
from tests.local_kick_process import LocalKick


@pytest.fixture
def world(local_kick: LocalKick) -> World:
    """An app of an organization, a campaign with a reward, and one viewer."""
    return World.build(local_kick)
