"""Metrics of all processes on this machine (web and workers), combined at `/metrics`.

If PROMETHEUS_MULTIPROC_DIR is set before prometheus_client is imported, each process writes its
numbers to a file. So this module must not import prometheus_client at the top. Each service empties
its directory when it starts, and `/metrics` adds up all directories. Other processes (management
commands, tests) don't share their numbers.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.registry import Collector

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share_metrics(service: str) -> None:
    """Make this process and its forks write their numbers to the directory of `service`."""
    directory = _directory() / service
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    os.environ[VARIABLE] = str(directory)


def exposition(*collectors: "Collector") -> bytes:
    """The metrics of all services and of `collectors`, in Prometheus's text format."""
    from prometheus_client import REGISTRY, generate_latest
    from prometheus_client.registry import CollectorRegistry

    import core.metrics  # noqa: F401 (registers every counter, even if it's still zero)

    counted = _AllServices() if VARIABLE in os.environ else REGISTRY
    registry = CollectorRegistry(auto_describe=False)
    for collector in (counted, *collectors):
        registry.register(collector)
    return generate_latest(registry)


class _AllServices:
    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.multiprocess import MultiProcessCollector

        files = [str(path) for path in _directory().glob("*/*.db")]
        yield from MultiProcessCollector.merge(files, accumulate=True)  # type: ignore[no-untyped-call]


def _directory() -> Path:
    return Path(settings.VAR_DIR) / "metrics"
