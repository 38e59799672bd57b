import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.utils import timezone

from claims.models import ReconcileRun
from claims.source import PAGE_SIZE, Filter, Page, Source, listing_sources
from claims.sync import catch_up, sweep

SHOWN = ("pages", "seen", "recorded", "granted", "held", "differs", "unusable", "missed")


class Command(BaseCommand):
    help = (
        "Fetch claims from the platforms now and record them. Without options: all open claims of"
        " all sources."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", default="", help="Only this source, such as kick_drops.")
        parser.add_argument(
            "--campaign",
            metavar="ID",
            default="",
            help="Only claims of this campaign, in any status.",
        )
        parser.add_argument("--sweep", action="store_true", help="Claims in any status.")
        parser.add_argument(
            "--since",
            type=parse_date,
            metavar="DATE",
            help="Only claims made since this date. Implies --sweep.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        sources = {source.name: source for source in listing_sources()}
        wanted = options["source"]
        if wanted and wanted not in sources:
            raise CommandError(f"Unknown source {wanted!r}. Sources: {', '.join(sources)}.")
        for source in [sources[wanted]] if wanted else sources.values():
            self._bring_up_to_date(source, options)

    def _bring_up_to_date(self, source: Source, options: dict[str, Any]) -> None:
        run: ReconcileRun | None = None
        watched = _Watched(source, self.stdout)
        campaign_id, since = options["campaign"], options["since"]
        is_sweep = campaign_id or since or options["sweep"]
        while run is None or (run.outcome == ReconcileRun.Outcome.INTERRUPTED and not run.error):
            if is_sweep:
                run = sweep(
                    campaign_id=campaign_id, source=watched, clock=timezone.now, since=since
                )
            else:
                run = catch_up(source=watched, clock=timezone.now, is_urgent=True)
            if run is None:
                raise CommandError("This run is already in progress. See its row on the desk.")
        self.stdout.write(
            f"{run.get_kind_display()} {run.source} {run.campaign_id}: {run.get_outcome_display()}"
        )
        for name in SHOWN:
            self.stdout.write(f"  {name:10}{getattr(run, name):>12,}")
        if run.error:
            raise CommandError(
                f"{run.error} Claims recorded so far are kept. To continue, run this command again."
            )


class _Watched(Source):
    """Wraps a source and prints the number of received claims."""

    def __init__(self, source: Source, out: OutputWrapper) -> None:
        self.name = source.name
        self._source = source
        self._out = out
        self._began = time.monotonic()
        self._seen = 0

    def pages(self, wanted: Filter, *, cursor: str = "", limit: int = PAGE_SIZE) -> Iterator[Page]:
        for page in self._source.pages(wanted, cursor=cursor, limit=limit):
            yield page
            self._seen += len(page)
            per_second = self._seen / (time.monotonic() - self._began)
            self._out.write(f"\r  {self._seen:,} claims, {per_second:,.0f} a second", ending="")
            self._out.flush()
        self._out.write("")


def parse_date(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"Invalid date {text!r}. Examples: 2026-06-23, 2026-06-23T12:00:00+00:00"
        raise argparse.ArgumentTypeError(message) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
