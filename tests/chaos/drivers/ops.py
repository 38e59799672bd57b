"""Ops, who map the last rewards while their claims come in already."""

import time

from django.db import DatabaseError, connection
from django.utils import timezone

from tests.chaos.workload import Workload
from tests.chaos.world import map_reward

FIRST_AT = 0.3
TRIES = 100


def map_late_rewards(workload: Workload) -> None:
    """One after the other, from a third of the run on; until each is mapped."""
    late = workload.world.mapped_late
    for number, pair in enumerate(late):
        at = FIRST_AT + 0.5 * number / len(late)
        while workload.progress < at:
            workload.rest(0.1)
            if workload.is_over:
                break
        _map(workload, pair.reward_id, number)
        workload.count("rewards mapped late")
    connection.close()


def _map(workload: Workload, reward_id: str, number: int) -> None:
    for _ in range(TRIES):
        if _is_mapped(reward_id, number):
            return
        workload.count("mappings tried again")
        time.sleep(0.3)
    raise TimeoutError("The database did not come back.")


def _is_mapped(reward_id: str, number: int) -> bool:
    try:
        map_reward(reward_id, number, now=timezone.now())
    except DatabaseError:
        connection.close()
        return False
    return True
