"""Migrates and seeds the demo's database. `demo` runs it as a separate process: JSON in and out."""

import json
import sys
from dataclasses import asdict

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from local.demo.seed import Credentials, seed
from local.demo.seed_history import seed_history_once


class Command(BaseCommand):
    help = "Migrate the database and create the demo's data. Run by `demo`."
    requires_system_checks = []

    def handle(self, *_arguments: object, **_options: object) -> None:
        asked = json.load(sys.stdin)
        call_command("migrate", verbosity=0, interactive=False)
        campaign, now = asked["campaign"], timezone.now()
        credentials = seed(
            campaign=campaign,
            streamer_id=asked["streamer_id"],
            known=Credentials(**asked["known"]),
            endpoint_url=asked["endpoint_url"],
            now=now,
        )
        made_up = 0
        if asked["lived_in"]:
            own = campaign["campaign_id"]
            made_up = seed_history_once(first_own_campaign=own, now=now)
        self.stdout.write(json.dumps({"credentials": asdict(credentials), "made_up": made_up}))
