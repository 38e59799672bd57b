from typing import Any

import django
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone

from claims.doctor import Finding, Verdict, examine
from studio_drops import __version__
from studio_drops.kick_client import get_kick

STYLES = {Verdict.PASS: "SUCCESS", Verdict.WARN: "WARNING", Verdict.FAIL: "ERROR"}


class Command(BaseCommand):
    help = "Looks this deployment over. Exits 0 when all is well, 1 with a warning, 2 with a fault."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        findings = []
        for finding in examine(oauth=get_kick().oauth, now=timezone.now()):
            self._print(finding)
            findings.append(finding)
        self._summarise(findings)
        raise SystemExit(int(max(finding.verdict for finding in findings)))

    def _print(self, finding: Finding) -> None:
        style = getattr(self.style, STYLES[finding.verdict])
        verdict = style(f"{finding.verdict.name.lower():4}")
        self.stdout.write(f"{verdict}  {finding.check}: {finding.message}")
        if finding.cure:
            self.stdout.write(f"      → {finding.cure}")

    def _summarise(self, findings: list[Finding]) -> None:
        """What a bug report needs, and no secret."""
        verdicts = " ".join(f"{f.check.replace(' ', '-')}={f.verdict.name}" for f in findings)
        self.stdout.write("\nFor a bug report:")
        self.stdout.write(
            f"studio-drops {__version__}, Django {django.__version__},"
            f" {connection.display_name}, queue {settings.CELERY_BROKER_URL.split(':')[0]},"
            f" debug {settings.DEBUG}\n{verdicts}"
        )
