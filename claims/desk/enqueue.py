"""The tasks that a click at the desk starts early."""

from claims.channel_rewards import KEEP_CHANNEL_REWARDS
from core.early_start import start_after_commit

HEAL_CLAIMS = "studio_drops.heal_claims"
RUN_BULK_JOBS = "studio_drops.run_bulk_jobs"
KEEP_SUBSCRIPTIONS = "studio_drops.keep_subscriptions"


def heal_after_commit() -> None:
    start_after_commit(HEAL_CLAIMS)


def run_jobs_after_commit() -> None:
    start_after_commit(RUN_BULK_JOBS)


def subscribe_after_commit() -> None:
    start_after_commit(KEEP_SUBSCRIPTIONS)
    start_after_commit(KEEP_CHANNEL_REWARDS)
