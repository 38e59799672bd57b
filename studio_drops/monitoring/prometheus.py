"""One answer at `/metrics` for all processes of this machine: web and workers.

prometheus_client writes each process's numbers to a file when PROMETHEUS_MULTIPROC_DIR is set
before it is imported, so this module must not import it at the top. Each service has a directory of
its own and empties it when it starts; `/metrics` adds all of them up. A process that serves nothing
(a management command, a test) keeps its numbers to itself.
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
    """Let this process and those it forks write their numbers where `/metrics` finds them."""
    directory = _directory() / service
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    os.environ[VARIABLE] = str(directory)


def exposition(*collectors: "Collector") -> bytes:
    """The numbers of all services, and of `collectors`, in Prometheus's text format."""
    from prometheus_client import REGISTRY, generate_latest
    from prometheus_client.registry import CollectorRegistry

    import core.metrics  # noqa: F401 (a process that counted nothing still names them)

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
