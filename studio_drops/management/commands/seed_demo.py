"""The part of `demo` that needs the database, in a process of its own: JSON in, JSON out."""

import json
import sys
from dataclasses import asdict

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from studio_drops.demo.seed import Credentials, seed


class Command(BaseCommand):
    help = "Migrate, and seed what `demo` shows. Run by `demo`."
    requires_system_checks = []

    def handle(self, *_arguments: object, **_options: object) -> None:
        asked = json.load(sys.stdin)
        call_command("migrate", verbosity=0, interactive=False)
        credentials = seed(
            campaign=asked["campaign"], known=Credentials(**asked["known"]), now=timezone.now()
        )
        self.stdout.write(json.dumps(asdict(credentials)))
