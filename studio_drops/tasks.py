"""The code of the jobs in `studio_drops.schedule`.

A task may be lost, doubled or late: due work is found in the database.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps

from celery import shared_task
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import authorizations, deauthorizations
from claims import confirmation, ledger, pruning, reports, sync
from claims.desk import bulk_jobs, funnels
from core.leases import HeldLease, lease
from core.logs import log_event
from platforms.kick.client import get_kick
from platforms.kick.protocol.errors import KickError, KickMalformed, KickUnavailable
from studio_drops.schedule import task_name

logger = logging.getLogger(__name__)


def task(job: Callable[[], object]) -> Callable[[], None]:
    """Make a Celery task that logs a Kick failure and ends. The next run tries again."""

    @shared_task(name=task_name(job.__name__))
    @wraps(job)
    def run() -> None:
        # Tasks share one connection. Replace it here if it broke in the previous task.
        if connection.errors_occurred and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        try:
            job()
        except KickError as error:
            log_event(logger, job.__name__, logging.WARNING, error=str(error))

    made: Callable[[], None] = run
    return made


def platform_lease(job: str) -> AbstractContextManager[HeldLease | None]:
    """The lease of a job that calls Kick and waits longer and longer while that fails."""
    return lease(
        job,
        clock=timezone.now,
        platform_errors=(KickUnavailable, KickMalformed),
        back_off=settings.BACK_OFFS["platform"],
    )


@task
def heal_claims() -> None:
    with lease("heal_claims", clock=timezone.now) as held:
        if held:
            ledger.heal_claims(now=timezone.now(), renew=held.renew)


@task
def confirm_claims() -> None:
    with platform_lease("confirm_claims") as held:
        if held:
            confirmation.confirm_claims(api=get_kick().api, now=timezone.now(), renew=held.renew)


@task
def catch_up() -> None:
    sync.catch_up(api=get_kick().api, clock=timezone.now)


@task
def sweep() -> None:
    sync.sweep_due_campaigns(api=get_kick().api, clock=timezone.now)


@task
def write_back() -> None:
    reports.write_back(api=get_kick().api, clock=timezone.now)


@task
def run_bulk_jobs() -> None:
    bulk_jobs.run_jobs(api=get_kick().api, clock=timezone.now)


@task
def count_funnels() -> None:
    funnels.count_running_funnels(now=timezone.now())


@task
def send_deauthorizations() -> None:
    with platform_lease("send_deauthorizations") as held:
        if held:
            deauthorizations.send_deauthorizations(
                oauth=get_kick().oauth, now=timezone.now(), renew=held.renew
            )


@task
def refresh_authorizations() -> None:
    with platform_lease("refresh_authorizations") as held:
        if held:
            authorizations.refresh_authorizations(
                oauth=get_kick().oauth, now=timezone.now(), renew=held.renew
            )


@task
def heartbeat() -> None:
    with lease("heartbeat", clock=timezone.now):
        pass


@task
def prune() -> None:
    pruning.prune(now=timezone.now())
