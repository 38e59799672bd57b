"""The ledger's health figures for Prometheus, read from the database on each scrape."""

from collections.abc import Iterator
from datetime import datetime

from django.db import DatabaseError
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from claims.models import Claim, ReconcileRun
from core.models import Lease
from studio_drops.monitoring import indicators

PREFIX = "studio_drops"


class IndicatorsCollector(Collector):
    """Gauges of the current state. Counters of past events are incremented where they happen."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            gauges = list(_gauges(timezone.now()))
        except DatabaseError:
            gauges = []
        is_up = bool(gauges)
        yield GaugeMetricFamily(
            f"{PREFIX}_database_up", "1 if the database answers, else 0.", value=is_up
        )
        yield from gauges


def _gauges(now: datetime) -> Iterator[GaugeMetricFamily]:
    counts = _gauge("held_claims", "Held claims by reason, at most 10,000 each.", ["reason"])
    ages = _gauge("oldest_held_claim_seconds", "Age of the oldest held claim.", ["reason"])
    held = {row.reason: row for row in indicators.held_by_reason()}
    for reason in Claim.HoldReason.values:
        row = held.get(reason)
        counts.add_metric([reason], row.count if row else 0)
        ages.add_metric([reason], _age(row.oldest_at if row else None, now))
    yield from (counts, ages)
    yield from _reports(now)
    yield from _reconciled(now)
    # When each job last took its lease. Only `heartbeat` does so whatever the platforms do.
    jobs = _gauge("job_began_seconds", "Time since a scheduled job last started.", ["job"])
    for lease in Lease.objects.exclude(last_began_at=None).exclude(job__startswith="sweep:"):
        jobs.add_metric([lease.job], _age(lease.last_began_at, now))
    yield jobs
    yield _waits(now)
    yield GaugeMetricFamily(
        f"{PREFIX}_refused_authorizations",
        "Links whose platform refuses to renew the authorization. Their claims still arrive.",
        value=indicators.refused_authorizations()[0],
    )
    yield GaugeMetricFamily(
        f"{PREFIX}_disconnected_links",
        "Links whose authorization has ended. The players are asked to reconnect.",
        value=indicators.disconnected_links(),
    )
    endpoints = indicators.webhook_endpoints(now=now)
    states = _gauge(
        "webhook_endpoints",
        "Webhook endpoints by state. Those that staff disabled don't count.",
        ["state"],
    )
    states.add_metric(["working"], endpoints.working)
    states.add_metric(["failing"], len(endpoints.failing))
    states.add_metric(["disabled"], len(endpoints.disabled))
    yield states
    yield GaugeMetricFamily(
        f"{PREFIX}_overdue_message_seconds",
        "How long the longest overdue message to a working webhook endpoint has been due.",
        value=_age(endpoints.overdue_since, now),
    )


def _reports(now: datetime) -> Iterator[GaugeMetricFamily]:
    pending = indicators.pending_reports()
    texts = {
        "pending_reports": (
            "Delivered claims not yet reported to their platform, at most 10,000.",
            pending.count,
        ),
        "refused_reports": ("Pending reports that the platform rejected.", pending.refused),
        "oldest_pending_report_seconds": (
            "Time since the oldest pending report was requested.",
            _age(pending.oldest_at, now),
        ),
    }
    for name, (text, value) in texts.items():
        yield GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _reconciled(now: datetime) -> Iterator[GaugeMetricFamily]:
    missed = indicators.recently_missed(now=now)
    yield GaugeMetricFamily(
        f"{PREFIX}_recently_missed_claims",
        "Claims that reconcile found in the last hour and whose webhook was overdue.",
        value=missed,
    )
    recent = _gauge("recent_claims", "Claims recorded in the last hour.", ["path"])
    counts = indicators.recent_claims(now=now)
    for path in Claim.Path.values:
        recent.add_metric([path], counts.get(path, 0))
    yield recent
    arrivals = indicators.recent_arrivals(now=now)
    arrived = _gauge("arrivals", "New claims of the last ten minutes, by how they came.", ["path"])
    arrived.add_metric([Claim.Path.WEBHOOK.value], arrivals.by_webhook)
    arrived.add_metric([Claim.Path.SYNC.value], arrivals.by_sync)
    yield arrived
    unfinished = ReconcileRun.objects.filter(outcome=ReconcileRun.Outcome.INTERRUPTED)
    failures = max(unfinished.values_list("failures", flat=True), default=0)
    yield GaugeMetricFamily(
        f"{PREFIX}_reconcile_failures",
        "Failures in a row of the interrupted reconcile run.",
        value=failures,
    )


def _waits(now: datetime) -> GaugeMetricFamily:
    """Mean and maximum only: the desk's home page has the median and the 99th percentile."""
    waits = indicators.recent_waits(now=now)
    gauge = _gauge(
        "recent_claim_to_grant_seconds",
        "Time from claiming to the grant, for claims recorded in the last hour.",
        ["of"],
    )
    for name, wait in (("mean", waits.mean), ("longest", waits.longest)):
        gauge.add_metric([name], wait.total_seconds() if wait else 0.0)
    return gauge


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=labels)


def _age(at: datetime | None, now: datetime) -> float:
    return (now - at).total_seconds() if at else 0.0
