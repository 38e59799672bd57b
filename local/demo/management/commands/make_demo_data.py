"""`manage.py make_demo_data --claims 20000`: a database that looks lived in, to see and measure."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from local.demo.sample_data import make_sample_data


class Command(BaseCommand):
    help = "Add made-up players, links, claims and entitlements. Only while DEBUG is on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--claims", type=int, default=20_000, help="How many (20,000).")
        parser.add_argument("--seed", type=int, default=1, help="The same seed, the same shapes.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "This is for development: with DEBUG off it would make up real drops."
            )
        made = 0
        now = timezone.now()
        for made in make_sample_data(claims=options["claims"], seed=options["seed"], now=now):
            self.stdout.write(f"\r  {made:,} claims", ending="")
            self.stdout.flush()
        self.stdout.write(f"\n{made:,} claims were added.")
