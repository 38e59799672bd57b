"""Ops, who map the last rewards while their claims come in already."""

import time

from django.db import DatabaseError, connection
from django.utils import timezone

from tests.chaos.storm import Storm
from tests.chaos.world import map_reward

FIRST_AT = 0.3
TRIES = 100


def map_late_rewards(storm: Storm) -> None:
    """One after the other, from a third of the storm on; until each is mapped."""
    late = storm.world.mapped_late
    for number, pair in enumerate(late):
        at = FIRST_AT + 0.5 * number / len(late)
        while storm.progress < at:
            storm.rest(0.1)
            if storm.is_over:
                break
        _map(storm, pair.reward_id, number)
        storm.count("rewards mapped late")
    connection.close()


def _map(storm: Storm, reward_id: str, number: int) -> None:
    for _ in range(TRIES):
        if _is_mapped(reward_id, number):
            return
        storm.count("mappings tried again")
        time.sleep(0.3)
    raise TimeoutError("The database did not come back.")


def _is_mapped(reward_id: str, number: int) -> bool:
    try:
        map_reward(reward_id, number, now=timezone.now())
    except DatabaseError:
        connection.close()
        return False
    return True
