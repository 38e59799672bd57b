"""`manage.py export_catalogue > catalogue.json`: campaigns, rewards, items and mappings as JSON."""

from typing import Any

from django.core.management.base import BaseCommand

from claims.desk.catalogue_file.export import write_catalogue
from claims.desk.catalogue_file.transfer import export_catalogue


class Command(BaseCommand):
    help = "Print campaigns, rewards, items and mappings as JSON. The output contains no secrets."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for piece in write_catalogue(export_catalogue()):
            self.stdout.write(piece, ending="")
