"""The ledger's vitals for Prometheus, read from the database when `/metrics` is asked."""

from collections.abc import Iterator
from datetime import datetime

from django.db import DatabaseError
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from claims.models import Claim, Lease, ReconcileRun
from studio_drops.monitoring import indicators

PREFIX = "studio_drops"


class IndicatorsCollector(Collector):
    """Gauges of what is open now; what has been is counted where it happens."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            gauges = list(_gauges(timezone.now()))
        except DatabaseError:
            gauges = []
        is_up = bool(gauges)
        yield GaugeMetricFamily(f"{PREFIX}_database_up", "Whether it answers.", value=is_up)
        yield from gauges


def _gauges(now: datetime) -> Iterator[GaugeMetricFamily]:
    yield from _held(now)
    yield from _unwritten(now)
    yield from _reconciled(now)
    yield _jobs(now)
    yield _waits(now)
    yield GaugeMetricFamily(
        f"{PREFIX}_disconnected_links",
        "Links whose grant Kick has ended; their players are asked to reconnect.",
        value=indicators.disconnected_links(),
    )


def _held(now: datetime) -> Iterator[GaugeMetricFamily]:
    counts = _gauge("held_claims", "Claims that are held, by reason; 10,000 at most.", ["reason"])
    ages = _gauge("oldest_held_claim_seconds", "Age of the oldest held claim.", ["reason"])
    held = {row.reason: row for row in indicators.held_by_reason()}
    for reason in Claim.HoldReason.values:
        row = held.get(reason)
        counts.add_metric([reason], row.count if row else 0)
        ages.add_metric([reason], _age(row.oldest_at if row else None, now))
    yield from (counts, ages)


def _unwritten(now: datetime) -> Iterator[GaugeMetricFamily]:
    unwritten = indicators.unwritten()
    texts = {
        "unwritten_claims": (
            "Delivered claims that Kick is not yet told of; 10,000 at most.",
            unwritten.count,
        ),
        "refused_writes": ("Of those, the ones that Kick refuses.", unwritten.refused),
        "oldest_unwritten_claim_seconds": (
            "Time since the first of those was handed out.",
            _age(unwritten.oldest_at, now),
        ),
    }
    for name, (text, value) in texts.items():
        yield GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _reconciled(now: datetime) -> Iterator[GaugeMetricFamily]:
    missed = indicators.recently_missed(now=now)
    yield GaugeMetricFamily(
        f"{PREFIX}_recently_missed_claims",
        "Claims of the last hour that reconcile found although their webhook was due.",
        value=missed,
    )
    recent = _gauge("recent_claims", "Claims recorded in the last hour.", ["source"])
    counts = indicators.recent_claims(now=now)
    for source in Claim.Source.values:
        recent.add_metric([source], counts.get(source, 0))
    yield recent
    unfinished = ReconcileRun.objects.filter(outcome=ReconcileRun.Outcome.INTERRUPTED)
    failures = max(unfinished.values_list("failures", flat=True), default=0)
    yield GaugeMetricFamily(
        f"{PREFIX}_reconcile_failures",
        "How often in a row the run that waits to be resumed has failed.",
        value=failures,
    )


def _waits(now: datetime) -> GaugeMetricFamily:
    """Rough on purpose: the admin's home has the median and the 99th percentile."""
    waits = indicators.recent_waits(now=now)
    gauge = _gauge(
        "recent_claim_to_grant_seconds",
        "Between claiming at Kick and being granted, for claims recorded in the last hour.",
        ["of"],
    )
    for name, wait in (("mean", waits.mean), ("longest", waits.longest)):
        gauge.add_metric([name], wait.total_seconds() if wait else 0.0)
    return gauge


def _jobs(now: datetime) -> GaugeMetricFamily:
    """The workers' heartbeat: every job begins each minute or more often while they live."""
    ages = _gauge("job_began_seconds", "Time since a scheduled job last began.", ["job"])
    for lease in Lease.objects.exclude(last_began_at=None).exclude(job__startswith="sweep:"):
        ages.add_metric([lease.job], _age(lease.last_began_at, now))
    return ages


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=labels)


def _age(at: datetime | None, now: datetime) -> float:
    return (now - at).total_seconds() if at else 0.0
