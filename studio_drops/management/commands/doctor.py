from collections.abc import Iterator
from typing import Any

import django
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from claims.desk.preflight import examine_campaign
from claims.desk.views.preflight_deps import from_settings
from claims.models import Campaign
from core.version import VERSION
from platforms.kick.client import get_kick
from studio_drops.monitoring.checks import CHECKS, Finding, Verdict, examine

STYLES = {Verdict.PASS: "SUCCESS", Verdict.WARN: "WARNING", Verdict.FAIL: "ERROR"}


class Command(BaseCommand):
    help = "Looks this deployment over. Exits 0 when all is well, 1 with a warning, 2 with a fault."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            choices=list(CHECKS),
            help="Make this check alone, as a health check does; repeat for several.",
        )
        parser.add_argument(
            "--campaign", metavar="ID", default="", help="Then see whether it may be launched, too."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        findings = []
        for finding in self._examine(options["only"], options["campaign"]):
            self._print(finding)
            findings.append(finding)
        if not options["only"]:
            self._summarise(findings)
        raise SystemExit(int(max(finding.verdict for finding in findings)))

    def _examine(self, only: list[str], campaign_id: str) -> Iterator[Finding]:
        campaign = Campaign.objects.filter(pk=campaign_id).first() if campaign_id else None
        if campaign_id and campaign is None:
            raise CommandError(
                f"No campaign {campaign_id!r} is registered here: add it, or see its id."
            )
        yield from examine(oauth=get_kick().oauth, now=timezone.now(), only=only)
        if campaign:
            outside = from_settings()
            yield from examine_campaign(campaign=campaign, outside=outside, clock=timezone.now)

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
            f"studio-drops {VERSION}, Django {django.__version__},"
            f" {connection.display_name}, queue {settings.CELERY_BROKER_URL.split(':')[0]},"
            f" debug {settings.DEBUG}\n{verdicts}"
        )
