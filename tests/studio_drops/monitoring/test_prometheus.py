"""Each process is a real one: prometheus_client decides at its import where numbers go."""

import os
import subprocess
import sys
from pathlib import Path

COUNT = """
from core.metrics import DELIVERIES
DELIVERIES.labels(outcome="recorded").inc({count})
"""
SHARE = """
from studio_drops.monitoring.prometheus import exposition, share_metrics
share_metrics("{service}")
"""
ANSWER = """
print(exposition().decode())
"""


def test_counts_of_all_services_are_added_up(tmp_path: Path) -> None:
    _run(tmp_path, SHARE.format(service="worker") + COUNT.format(count=3))

    answer = _run(tmp_path, SHARE.format(service="web") + COUNT.format(count=4) + ANSWER)

    assert 'studio_drops_deliveries_total{outcome="recorded"} 7.0' in answer


def test_counts_outlive_their_process(tmp_path: Path) -> None:
    program = """
import os
child = os.fork()
if child == 0:
    from core.metrics import DELIVERIES
    DELIVERIES.labels(outcome="recorded").inc(5)
    os._exit(0)
os.waitpid(child, 0)
"""

    answer = _run(tmp_path, SHARE.format(service="web") + program + ANSWER)

    assert 'studio_drops_deliveries_total{outcome="recorded"} 5.0' in answer


def test_service_starts_from_nothing(tmp_path: Path) -> None:
    _run(tmp_path, SHARE.format(service="web") + COUNT.format(count=3))

    answer = _run(tmp_path, SHARE.format(service="web") + ANSWER)

    assert 'outcome="recorded"' not in answer


def test_a_process_that_serves_nothing_leaves_no_file(tmp_path: Path) -> None:
    _run(tmp_path, COUNT.format(count=1))

    assert not (tmp_path / "metrics").exists()


def _run(var_dir: Path, program: str) -> str:
    environment = os.environ | {
        "VAR_DIR": str(var_dir),
        "DJANGO_SETTINGS_MODULE": "studio_drops.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    ).stdout
