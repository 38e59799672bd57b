"""The code of the jobs in `studio_drops.schedule`.

A task may be lost, doubled or late: due work is found in the database.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from celery import shared_task
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import authorizations, deauthorizations
from accounts.platform_login import PlatformLogin, all_logins
from claims import (
    channel_rewards,
    confirmation,
    ledger,
    offers,
    pruning,
    redemptions,
    reports,
    streams,
    sync,
)
from claims.desk import bulk_jobs, funnels
from claims.source import (
    ChannelRewardSource,
    Source,
    all_sources,
    all_stream_readers,
    all_subscribers,
    channel_reward_sources,
    get_channel_reader,
    listing_sources,
)
from claims.webhooks import pushing
from core.early_start import send_now
from core.leases import HeldLease, lease
from core.logs import log_event
from core.platform_errors import (
    PlatformError,
    PlatformMalformed,
    PlatformPaused,
    PlatformUnavailable,
)
from core.request_budget import Priority, is_paused, request_priority
from studio_drops.monitoring import alerts, digest, notify
from studio_drops.schedule import task_name
from studio_drops.stopping import is_stopping


@dataclass(frozen=True, slots=True)
class OfPlatform:
    """A platform, and one of the functions that it has registered."""

    platform: str
    call: Callable[..., Any]

    def __str__(self) -> str:
        return self.platform


Part = TypeVar("Part", Source, ChannelRewardSource, PlatformLogin, OfPlatform)

logger = logging.getLogger(__name__)


def task(job: Callable[[], object]) -> Callable[[], None]:
    """Make a Celery task that logs a platform's failure and ends. The next run tries again."""

    @shared_task(name=task_name(job.__name__))
    @wraps(job)
    def run() -> None:
        # Tasks share one connection. Replace it here if it broke in the previous task.
        if connection.errors_occurred and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        job()

    made: Callable[[], None] = run
    return made


def for_each(
    job: str, parts: Iterable[Part], work: Callable[[Part], object], *, priority: Priority
) -> None:
    """Do a job's work for each platform or source. The failure of one doesn't stop the others.

    A platform that is paused is left out. A platform's failure is logged. The first other exception
    is raised at the end.
    """
    unexpected: list[Exception] = []
    for part in parts:
        if is_paused(platform=part.platform, now=timezone.now()):
            continue
        try:
            with request_priority(priority):
                work(part)
        except PlatformPaused as error:
            level = logging.INFO if error.is_ours else logging.WARNING
            log_event(logger, job, level, part=str(part), error=str(error))
        except PlatformError as error:
            log_event(logger, job, logging.WARNING, part=str(part), error=str(error))
        except Exception as error:
            logger.exception(job, extra={"fields": {"part": str(part)}})
            unexpected.append(error)
    if unexpected:
        raise unexpected[0]


def platform_lease(job: str) -> AbstractContextManager[HeldLease | None]:
    """The lease of a job that calls a platform and waits longer and longer while that fails."""
    return lease(
        job,
        clock=timezone.now,
        platform_errors=(PlatformUnavailable, PlatformMalformed),
        back_off=settings.BACK_OFFS["platform"],
    )


@task
def heal_claims() -> None:
    with lease("heal_claims", clock=timezone.now) as held:
        if held:
            ledger.heal_claims(now=timezone.now(), renew=held.renew)


@task
def confirm_claims() -> None:
    def confirm(source: Source) -> None:
        with platform_lease(f"confirm_claims:{source.name}") as held:
            if held:
                confirmation.confirm_claims(source=source, now=timezone.now(), renew=held.renew)

    for_each("confirm_claims", listing_sources(), confirm, priority=Priority.LOOKUP)


@task
def catch_up() -> None:
    for_each(
        "catch_up",
        listing_sources(),
        lambda one: sync.catch_up(source=one, clock=timezone.now),
        priority=Priority.SYNC,
    )


@task
def sweep() -> None:
    for_each(
        "sweep",
        listing_sources(),
        lambda one: sync.sweep_due_campaigns(source=one, clock=timezone.now),
        priority=Priority.SWEEP,
    )


@task
def send_reports() -> None:
    reporting = [source for source in all_sources() if source.has_reports]
    for_each(
        "send_reports",
        reporting,
        lambda one: reports.send_reports(source=one, clock=timezone.now),
        priority=Priority.SYNC,
    )


@task
def push_webhooks() -> None:
    is_to_go_on = pushing.push_webhooks(clock=timezone.now, should_stop=is_stopping)
    if is_to_go_on and not is_stopping():
        # Go on at once: waiting for the schedule would delay messages by up to five seconds.
        send_now(task_name("push_webhooks"))


@task
def settle_offers() -> None:
    with lease("settle_offers", clock=timezone.now) as held:
        if held:
            offers.settle_due_uses(now=timezone.now(), renew=held.renew)


@task
def settle_redemptions() -> None:
    def settle(source: ChannelRewardSource) -> None:
        with platform_lease(f"settle_redemptions:{source.name}") as held:
            if held:
                redemptions.settle_redemptions(source=source, clock=timezone.now, held=held)

    for_each("settle_redemptions", channel_reward_sources(), settle, priority=Priority.SYNC)


@task
def keep_channel_rewards() -> None:
    def keep(source: ChannelRewardSource) -> None:
        with platform_lease(f"keep_channel_rewards:{source.name}") as held:
            if held:
                channel_rewards.keep_rewards(source=source, clock=timezone.now, held=held)

    for_each("keep_channel_rewards", channel_reward_sources(), keep, priority=Priority.LOOKUP)


@task
def watch_channels() -> None:
    def watch(part: OfPlatform) -> None:
        with platform_lease(f"watch_channels:{part.platform}") as held:
            if held:
                streams.watch_channels(platform=part.platform, reader=part.call, now=timezone.now())
                if reader := get_channel_reader(part.platform):
                    streams.refresh_facts(platform=part.platform, reader=reader, now=timezone.now())

    parts = [OfPlatform(*one) for one in all_stream_readers().items()]
    for_each("watch_channels", parts, watch, priority=Priority.LOOKUP)


@task
def keep_subscriptions() -> None:
    def keep(part: OfPlatform) -> None:
        with platform_lease(f"keep_subscriptions:{part.platform}") as held:
            if held:
                part.call(timezone.now())

    parts = [OfPlatform(*one) for one in all_subscribers().items()]
    for_each("keep_subscriptions", parts, keep, priority=Priority.LOOKUP)


@task
def run_bulk_jobs() -> None:
    with request_priority(Priority.LOOKUP):
        bulk_jobs.run_jobs(clock=timezone.now)


@task
def count_funnels() -> None:
    funnels.count_running_funnels(now=timezone.now())


@task
def send_deauthorizations() -> None:
    def send(login: PlatformLogin) -> None:
        with platform_lease(f"send_deauthorizations:{login.platform}") as held:
            if held:
                deauthorizations.send_deauthorizations(
                    login=login, now=timezone.now(), renew=held.renew
                )

    for_each("send_deauthorizations", all_logins(), send, priority=Priority.LOOKUP)


@task
def refresh_authorizations() -> None:
    def refresh(login: PlatformLogin) -> None:
        with platform_lease(f"refresh_authorizations:{login.platform}") as held:
            if held:
                authorizations.refresh_authorizations(
                    login=login, now=timezone.now(), renew=held.renew
                )

    for_each("refresh_authorizations", all_logins(), refresh, priority=Priority.LOOKUP)


@task
def heartbeat() -> None:
    with lease("heartbeat", clock=timezone.now):
        pass


@task
def send_alerts() -> None:
    with lease("send_alerts", clock=timezone.now) as held:
        if held:
            now = timezone.now()
            alerts.record_findings(alerts.run_checks(now=now), now=now)
            digest.queue_digest(now=now)
            notify.send_messages(clock=timezone.now)
            notify.ping()


@task
def prune() -> None:
    pruning.prune(now=timezone.now())
