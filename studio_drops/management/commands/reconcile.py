import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.utils import timezone

from claims.models import ReconcileRun
from claims.sync import catch_up, sweep
from platforms.kick.client import get_kick
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.payloads import ClaimsPage

SHOWN = ("pages", "seen", "recorded", "granted", "held", "differs", "unusable", "missed")


class Command(BaseCommand):
    help = (
        "Fetch claims from Kick's claims API now and record them. Without options: all claims that"
        " Kick shows as initiated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--campaign",
            metavar="ID",
            default="",
            help="Only claims of this campaign, in any status.",
        )
        parser.add_argument("--sweep", action="store_true", help="Claims in any status.")
        parser.add_argument(
            "--since",
            type=_parse_date,
            metavar="DATE",
            help="Only claims made since this date. Implies --sweep.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        run: ReconcileRun | None = None
        while run is None or (run.outcome == ReconcileRun.Outcome.INTERRUPTED and not run.error):
            run = self._run(**options)
            if run is None:
                raise CommandError("This run is already in progress. See its row on the desk.")
        self._print(run)

    def _run(
        self, *, campaign: str, sweep: bool, since: datetime | None, **_: Any
    ) -> ReconcileRun | None:
        api = _Watched(get_kick().api, self.stdout)
        if campaign or sweep or since:
            return _sweep(campaign_id=campaign, api=api, clock=timezone.now, since=since)
        return catch_up(api=api, clock=timezone.now, is_urgent=True)

    def _print(self, run: ReconcileRun) -> None:
        self.stdout.write(
            f"{run.get_kind_display()} {run.campaign_id}: {run.get_outcome_display()}"
        )
        for name in SHOWN:
            self.stdout.write(f"  {name:10}{getattr(run, name):>12,}")
        if run.error:
            raise CommandError(
                f"{run.error} Claims recorded so far are kept. To continue, run this command again."
            )


_sweep = sweep


class _Watched:
    """Wraps the claims API and prints the number of received claims."""

    def __init__(self, api: KickApi, out: OutputWrapper) -> None:
        self._api = api
        self._out = out
        self._began = time.monotonic()
        self._seen = 0

    def iter_claims(self, **filters: Any) -> Iterator[ClaimsPage]:
        for page in self._api.iter_claims(**filters):
            yield page
            self._seen += len(page)
            per_second = self._seen / (time.monotonic() - self._began)
            self._out.write(f"\r  {self._seen:,} claims, {per_second:,.0f} a second", ending="")
            self._out.flush()
        self._out.write("")


def _parse_date(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"Invalid date {text!r}. Examples: 2026-06-23, 2026-06-23T12:00:00+00:00"
        raise argparse.ArgumentTypeError(message) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
