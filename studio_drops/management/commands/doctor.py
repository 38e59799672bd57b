from itertools import chain
from typing import Any

import django
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from claims.desk.preflight import PreflightDeps, examine_campaign
from claims.models import Campaign
from core.checks import Verdict, all_checks, examine
from core.version import VERSION

STYLES = {Verdict.PASS: "SUCCESS", Verdict.WARN: "WARNING", Verdict.FAIL: "ERROR"}


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        # Set here instead of in `help`: argparse can't format a lazy translation.
        parser.description = _(
            "Checks this deployment. Exit status: 0 if all checks pass, 1 if one warns, 2 if one"
            " fails."
        )
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            choices=[check.name for check in all_checks()],
            help=_("Run only this check, for example in a health check. Can be repeated."),
        )
        parser.add_argument(
            "--campaign",
            metavar="ID",
            default="",
            help=_("Also check whether this campaign is ready for launch."),
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        campaign_id, only = options["campaign"], options["only"]
        campaign = Campaign.objects.filter(pk=campaign_id).first() if campaign_id else None
        if campaign_id and campaign is None:
            message = _("Campaign “%(id)s” isn't registered here. Add it, or check the ID.")
            raise CommandError(message % {"id": campaign_id})
        found = examine(now=timezone.now(), only=only)
        if campaign:
            deps = PreflightDeps.from_settings()
            found = chain(found, examine_campaign(campaign=campaign, deps=deps, clock=timezone.now))
        findings = []
        for finding in found:
            findings.append(finding)
            style = getattr(self.style, STYLES[finding.verdict])
            verdict = style(f"{finding.verdict.name.lower():4}")
            self.stdout.write(f"{verdict}  {_(finding.check)}: {finding.message}")
            if finding.next_step:
                self.stdout.write(f"      → {finding.next_step}")
        if not only:
            # Details for a bug report, without secrets. They stay in English.
            verdicts = " ".join(f"{f.check.replace(' ', '-')}={f.verdict.name}" for f in findings)
            self.stdout.write("\n" + _("For a bug report:"))
            self.stdout.write(
                f"studio-drops {VERSION}, Django {django.__version__},"
                f" {connection.display_name}, queue {settings.CELERY_BROKER_URL.split(':')[0]},"
                f" debug {settings.DEBUG}\n{verdicts}"
            )
        raise SystemExit(int(max(finding.verdict for finding in findings)))
