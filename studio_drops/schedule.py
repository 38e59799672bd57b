"""Every job that the worker runs by schedule. The code of each is in `studio_drops.tasks`.

The Celery tasks, the beat schedule, `doctor`'s heartbeat, the names that the desk sends, the alert
rules and the table of jobs in docs/operators/production.md derive from JOBS or are tested against
it. This module imports no model, so that the settings can import it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    period: timedelta
    description: str


JOBS = (
    Job("heal_claims", timedelta(minutes=1), "Re-evaluates the held claims"),
    Job(
        "confirm_claims",
        timedelta(seconds=10),
        "Looks up unconfirmed claims in the platform's API",
    ),
    Job("catch_up", timedelta(minutes=1), "Records the open claims that no webhook brought"),
    Job(
        "sweep",
        timedelta(minutes=5),
        "Compares each campaign with the platform every night, and all weekly",
    ),
    Job("send_reports", timedelta(seconds=15), "Reports delivered claims to the platform"),
    Job(
        "push_webhooks",
        timedelta(seconds=5),
        "Tells game servers' endpoints about new items, revocations and links",
    ),
    Job("settle_offers", timedelta(seconds=10), "Claims what viewers earned by offers, when due"),
    Job(
        "settle_redemptions",
        timedelta(seconds=5),
        "Grants what viewers redeemed with channel points, and accepts or rejects",
    ),
    Job(
        "keep_channel_rewards",
        timedelta(minutes=1),
        "Makes, changes and pauses offers' rewards in partner channels; checks every 15 minutes",
    ),
    Job("watch_channels", timedelta(minutes=1), "Asks which partner channels are on air"),
    Job(
        "keep_subscriptions",
        timedelta(minutes=1),
        "Subscribes to the platforms' events that offers need; checks them every 15 minutes",
    ),
    Job("run_bulk_jobs", timedelta(seconds=10), "Runs the bulk jobs that staff started"),
    Job("count_funnels", timedelta(minutes=5), "Counts the figures of running campaigns"),
    Job(
        "send_deauthorizations",
        timedelta(seconds=15),
        "Revokes the authorizations of ended links",
    ),
    Job(
        "refresh_authorizations",
        timedelta(minutes=1),
        "Renews the authorizations of links before they expire",
    ),
    Job("heartbeat", timedelta(minutes=1), "Shows that the worker and the scheduler run"),
    Job("send_alerts", timedelta(minutes=1), "Tells staff about new findings of `doctor`"),
    Job(
        "prune",
        timedelta(days=1),
        "Deletes old runs and deliveries, expired sessions and link attempts",
    ),
)
# The scheduler starts it whatever the platforms do. The other jobs wait while a platform is down.
HEARTBEAT = "heartbeat"


def task_name(job: str) -> str:
    return f"studio_drops.{job}"


def beat_schedule(periods: Mapping[str, timedelta]) -> dict[str, dict[str, Any]]:
    """Celery's schedule for jobs and their periods. A message that is a period old is dropped."""
    return {
        job: {
            "task": task_name(job),
            "schedule": period,
            "options": {"expires": period.total_seconds()},
        }
        for job, period in periods.items()
    }
