"""The job that announces changes and sends messages, again and again for half a minute.

One worker at a time has the lease: it announces, and sends. Others only help while it falls behind.
"""

import time
from collections.abc import Callable
from datetime import timedelta

from claims.models import WebhookDelivery, WebhookEndpoint
from claims.webhooks.announcing import announce_entitlements, announce_links, resend_undelivered
from claims.webhooks.sending import TAKEN_FOR, Sender
from core.clock import Clock
from core.leases import HeldLease, lease

JOB = "push_webhooks"
# Short, so that a worker that was killed is replaced soon.
LEASE_LASTS = timedelta(seconds=10)
RENEWED_EVERY = timedelta(seconds=2)
AT_A_STRETCH = timedelta(seconds=25)
HELP_AFTER = timedelta(seconds=3)
IDLE_SECONDS = 0.2


def push_webhooks(*, clock: Clock, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Announce and send for 25 seconds, or until `should_stop`. Returns whether to go on at once.

    Without endpoints, it announces what there is and ends: the list of changes needs it. A worker
    that doesn't get the lease sends too if messages are overdue, until none is.
    """
    with lease(JOB, clock=clock, lasts=LEASE_LASTS) as held:
        if held:
            return _announce_and_send(held, clock=clock, should_stop=should_stop)
    if _is_behind(clock=clock):
        _help(clock=clock, should_stop=should_stop)
    return False


def _announce_and_send(held: HeldLease, *, clock: Clock, should_stop: Callable[[], bool]) -> bool:
    began_at = renewed_at = clock()
    with Sender(clock=clock) as sender:
        while clock() - began_at < AT_A_STRETCH and not should_stop():
            announced = _announce(clock=clock)
            has_endpoints = WebhookEndpoint.objects.enabled().exists()
            if not has_endpoints and not announced:
                return False
            sent = sender.step()
            if clock() - renewed_at >= RENEWED_EVERY:
                held.renew()
                renewed_at = clock()
            if not announced and not sent and sender.is_idle:
                time.sleep(IDLE_SECONDS)
    return True


def _announce(*, clock: Clock) -> int:
    now = clock()
    return announce_entitlements(now=now) + announce_links(now=now) + resend_undelivered(now=now)


def _is_behind(*, clock: Clock) -> bool:
    """Whether deliveries have been due for seconds, although a worker is sending."""
    enabled = WebhookEndpoint.objects.enabled().filter(failing_since=None)
    overdue = WebhookDelivery.objects.due(now=clock() - HELP_AFTER)
    return overdue.filter(endpoint__in=enabled).exists()


def _help(*, clock: Clock, should_stop: Callable[[], bool]) -> None:
    began_at = clock()
    with Sender(clock=clock) as sender:
        while clock() - began_at < TAKEN_FOR and not should_stop():
            sent = sender.step()
            if not sent and sender.is_idle:
                break
