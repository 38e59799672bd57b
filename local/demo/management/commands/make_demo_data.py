"""`manage.py make_demo_data --claims 20000`: fill a database for demos and measurements."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from local.demo.sample_data import make_sample_data


class Command(BaseCommand):
    help = "Add sample players, links, claims and entitlements. Requires DEBUG."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--claims", type=int, default=20_000, help="Number of claims (default: 20,000)."
        )
        parser.add_argument("--seed", type=int, default=1, help="Equal seeds give equal data.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Refused: demo data may only be created with DEBUG on.")
        made = 0
        now = timezone.now()
        for made in make_sample_data(claims=options["claims"], seed=options["seed"], now=now):
            self.stdout.write(f"\r  {made:,} claims", ending="")
            self.stdout.flush()
        self.stdout.write(f"\nAdded {made:,} claims.")
