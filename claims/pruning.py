"""Deletes old housekeeping rows. Claims, entitlements and links are kept forever."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session

from accounts.models import LinkAttempt, WrongCodes
from claims.models import QuarantinedDelivery, ReconcileRun, WebhookMessage
from core.logs import log_event
from core.models import Alert, AlertMessage

logger = logging.getLogger(__name__)


def prune(*, now: datetime) -> dict[str, int]:
    """Delete old runs, deliveries and messages, expired sessions and link attempts.

    Returns the number of each. On a repeat: 0.
    """
    old_news = now - timedelta(days=settings.RUNS_KEPT_DAYS)
    runs = ReconcileRun.objects.filter(ended_at__lt=old_news)
    deliveries = QuarantinedDelivery.objects.filter(
        received_at__lt=now - timedelta(days=settings.DELIVERIES_KEPT_DAYS)
    )
    messages = WebhookMessage.objects.filter(
        created_at__lt=now - timedelta(days=settings.MESSAGES_KEPT_DAYS)
    )
    sessions = Session.objects.filter(expire_date__lt=now)
    attempts = LinkAttempt.objects.filter(expires_at__lte=now)
    rows = {
        "runs": runs,
        "deliveries": deliveries,
        "webhook_messages": messages,
        "sessions": sessions,
        "link_attempts": attempts,
        "wrong_codes": WrongCodes.objects.filter(last_at__lt=now - timedelta(days=1)),
        "alerts": Alert.objects.filter(resolved_at__lt=old_news),
        "alert_messages": AlertMessage.objects.filter(created_at__lt=old_news),
    }
    pruned = {name: queryset.delete()[0] for name, queryset in rows.items()}
    log_event(logger, "pruned", **pruned)
    return pruned
