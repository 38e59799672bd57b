"""The alert rules, evaluated by Prometheus's own tool."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

RULES = Path(settings.BASE_DIR) / "docs" / "operators" / "alerts.yml"
PROMTOOL = shutil.which("promtool") or ""

# For each alert: the series that make it fire, one value a minute, and when it has fired.
FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "DatabaseDown": ({"studio_drops_database_up": "0x30"}, "2m"),
    "WebDown": ({'up{job="studio-drops"}': "0x30"}, "2m"),
    "ServerErrors": ({'studio_drops_server_errors_total{part="link"}': "0+30x30"}, "12m"),
    "WebhookSilent": (
        {
            'studio_drops_arrivals{path="SYNC"}': "3x30",
            'studio_drops_arrivals{path="WEBHOOK"}': "0x30",
        },
        "6m",
    ),
    "WebhooksGetLost": (
        {
            'studio_drops_arrivals{path="SYNC"}': "2x30",
            'studio_drops_arrivals{path="WEBHOOK"}': "20x30",
        },
        "11m",
    ),
    "WorkerOrSchedulerGone": ({'studio_drops_job_began_seconds{job="heartbeat"}': "301x30"}, "1m"),
    "ReconcileKeepsFailing": ({"studio_drops_reconcile_failures": "5x30"}, "11m"),
    "ClaimsOfUnmappedRewards": (
        {'studio_drops_held_claims{reason="UNMAPPED_REWARD"}': "1x30"},
        "16m",
    ),
    "ClaimsUnconfirmedForLong": (
        {'studio_drops_oldest_held_claim_seconds{reason="UNCONFIRMED"}': "3601x30"},
        "1m",
    ),
    "DeliveriesRefused": (
        {'studio_drops_deliveries_total{outcome="unusable"}': "0+1x30"},
        "10m",
    ),
    "ForgedDeliveries": (
        {'studio_drops_deliveries_total{outcome="forged"}': "0+120x30"},
        "15m",
    ),
    "KickNotToldOfDeliveries": (
        {"studio_drops_oldest_pending_report_seconds": "3601x30"},
        "16m",
    ),
    "EndpointDisabled": ({'studio_drops_webhook_endpoints{state="disabled"}': "1x30"}, "1m"),
    "EndpointFailing": ({'studio_drops_webhook_endpoints{state="failing"}': "1x60"}, "31m"),
    "MessagesOverdue": ({"studio_drops_overdue_message_seconds": "121x30"}, "6m"),
}
# A busy and healthy half hour.
WELL = {
    "studio_drops_database_up": "1x30",
    'up{job="studio-drops"}': "1x30",
    'studio_drops_server_errors_total{part="link"}': "0x30",
    'studio_drops_arrivals{path="SYNC"}': "5x30",
    'studio_drops_arrivals{path="WEBHOOK"}': "500x30",
    'studio_drops_job_began_seconds{job="heartbeat"}': "60x30",
    "studio_drops_reconcile_failures": "1x30",
    'studio_drops_held_claims{reason="UNMAPPED_REWARD"}': "0x30",
    'studio_drops_oldest_held_claim_seconds{reason="UNCONFIRMED"}': "60x30",
    'studio_drops_deliveries_total{outcome="recorded"}': "0+9000x30",
    'studio_drops_deliveries_total{outcome="forged"}': "0+1x30",
    "studio_drops_oldest_pending_report_seconds": "90x30",
    "studio_drops_refused_reports": "0x30",
}


def case(series: dict[str, str], *, at: str, query: str, expected: list[Any]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": at, "exp_samples": expected}],
    }


def fires(name: str, series: dict[str, str], at: str) -> dict[str, Any]:
    query = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
    return case(series, at=at, query=query, expected=[{"labels": "{}", "value": 1}])


def test_every_rule_has_a_fault() -> None:
    assert re.findall(r"- alert: (\w+)", RULES.read_text()) == list(FAULTS)


@pytest.mark.skipif(not PROMTOOL, reason="promtool isn't installed")
def test_each_rule_fires_on_its_fault_and_none_on_a_good_day(tmp_path: Path) -> None:
    faults = [fires(name, series, at) for name, (series, at) in FAULTS.items()]
    well = [
        case(WELL, at=at, query="ALERTS", expected=[]) for at in ("1m", "6m", "11m", "16m", "30m")
    ]
    tests = tmp_path / "tests.yml"  # JSON is YAML, too
    tests.write_text(
        json.dumps(
            {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [*faults, *well]}
        )
    )

    done = subprocess.run(
        [PROMTOOL, "test", "rules", str(tests)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
