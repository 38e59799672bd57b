"""The scheduled tasks. A task may be lost, doubled or late: due work is found in the database."""

import functools
import logging
from collections.abc import Callable

from celery import shared_task
from django.db import connection
from django.utils import timezone

from accounts import authorizations, deauthorizations
from claims import confirmation, ledger, pruning, sync
from claims import reports as writing
from claims.desk import bulk_jobs, funnels
from claims.leases import lease
from core.logs import log_event
from platforms.kick.client import get_kick
from platforms.kick.protocol.errors import KickError

logger = logging.getLogger(__name__)


def scheduled(service: Callable[[], object]) -> Callable[[], None]:
    """Make a task that logs a Kick failure and ends. The next run tries again."""

    @shared_task(name=f"studio_drops.tasks.{service.__name__}")
    @functools.wraps(service)
    def run() -> None:
        # Tasks share one connection. Replace it here if it broke in the previous task.
        if connection.errors_occurred and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        try:
            service()
        except KickError as error:
            log_event(logger, service.__name__, logging.WARNING, error=str(error))

    task: Callable[[], None] = run
    return task


@scheduled
def catch_up() -> None:
    sync.catch_up(api=get_kick().api, clock=timezone.now)


@scheduled
def sweep() -> None:
    sync.sweep_due_campaigns(api=get_kick().api, clock=timezone.now)


@scheduled
def write_back() -> None:
    writing.write_back(api=get_kick().api, clock=timezone.now)


@scheduled
def confirm_claims() -> None:
    with lease("confirm_claims", clock=timezone.now) as held:
        if held:
            confirmation.confirm_claims(api=get_kick().api, now=timezone.now())


@scheduled
def heal_claims() -> None:
    with lease("heal_claims", clock=timezone.now) as held:
        if held:
            ledger.heal_claims(now=timezone.now())


@scheduled
def run_bulk_jobs() -> None:
    bulk_jobs.run_jobs(api=get_kick().api, clock=timezone.now)


@scheduled
def count_funnels() -> None:
    funnels.count_running_funnels(now=timezone.now())


@scheduled
def send_deauthorizations() -> None:
    deauthorizations.send_deauthorizations(oauth=get_kick().oauth, now=timezone.now())


@scheduled
def refresh_authorizations() -> None:
    authorizations.refresh_authorizations(oauth=get_kick().oauth, now=timezone.now())


@scheduled
def prune() -> None:
    pruning.prune(now=timezone.now())
