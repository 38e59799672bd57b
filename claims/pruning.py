"""Deletes old housekeeping rows. Claims, entitlements and links are kept forever."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session

from accounts.models import LinkAttempt, WrongCodes
from accounts.pending_links import discard_expired_links
from claims.models import QuarantinedDelivery, ReconcileRun, WebhookDelivery, WebhookMessage
from core.logs import log_event
from core.models import Alert, AlertMessage

logger = logging.getLogger(__name__)

MESSAGES_PER_BATCH = 2000


def prune(*, now: datetime) -> dict[str, int]:
    """Delete old runs, deliveries and messages, expired sessions and link attempts.

    Returns the number of each. On a repeat: 0.
    """
    old_news = now - timedelta(days=settings.RUNS_KEPT_DAYS)
    runs = ReconcileRun.objects.filter(ended_at__lt=old_news)
    deliveries = QuarantinedDelivery.objects.filter(
        received_at__lt=now - timedelta(days=settings.DELIVERIES_KEPT_DAYS)
    )
    sessions = Session.objects.filter(expire_date__lt=now)
    attempts = LinkAttempt.objects.filter(expires_at__lte=now)
    rows = {
        "runs": runs,
        "deliveries": deliveries,
        "sessions": sessions,
        "link_attempts": attempts,
        "wrong_codes": WrongCodes.objects.filter(last_at__lt=now - timedelta(days=1)),
        "alerts": Alert.objects.filter(resolved_at__lt=old_news),
        "alert_messages": AlertMessage.objects.filter(created_at__lt=old_news),
    }
    pruned = {name: queryset.delete()[0] for name, queryset in rows.items()}
    pruned["pending_links"] = discard_expired_links(now=now)
    messages_before = now - timedelta(days=settings.MESSAGES_KEPT_DAYS)
    pruned["webhook_messages"] = _prune_messages(before=messages_before)
    log_event(logger, "pruned", **pruned)
    return pruned


def _prune_messages(*, before: datetime) -> int:
    """In batches: there may be a million, and Django reads what it deletes with its relations."""
    old = WebhookMessage.objects.filter(created_at__lt=before).order_by("pk")
    count = 0
    while ids := list(old.values_list("pk", flat=True)[:MESSAGES_PER_BATCH]):
        WebhookDelivery.objects.filter(message__in=ids).delete()
        count += WebhookMessage.objects.filter(pk__in=ids).delete()[0]
    return count
