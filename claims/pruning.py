"""Forgets what is only of passing interest. Claims, entitlements and links are kept for ever."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session

from claims.models import QuarantinedDelivery, ReconcileRun
from core.logs import log_event

logger = logging.getLogger(__name__)


def prune(*, now: datetime) -> dict[str, int]:
    """Delete old runs and deliveries, and sessions that have expired. Returns how many of each."""
    runs = ReconcileRun.objects.filter(ended_at__lt=now - timedelta(days=settings.RUNS_KEPT_DAYS))
    deliveries = QuarantinedDelivery.objects.filter(
        received_at__lt=now - timedelta(days=settings.DELIVERIES_KEPT_DAYS)
    )
    sessions = Session.objects.filter(expire_date__lt=now)
    rows = {"runs": runs, "deliveries": deliveries, "sessions": sessions}
    pruned = {name: queryset.delete()[0] for name, queryset in rows.items()}
    log_event(logger, "pruned", **pruned)
    return pruned
