"""`manage.py write_openapi`: write docs/developers/openapi.yaml, unless it would break servers."""

from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from drf_spectacular.renderers import OpenApiYamlRenderer

from claims.api.compatibility import find_breaking_changes
from claims.api.openapi import public_schema

FILE = Path(settings.BASE_DIR) / "docs" / "developers" / "openapi.yaml"


def schema_text() -> str:
    return OpenApiYamlRenderer().render(public_schema(), renderer_context={}).decode()  # type: ignore[no-untyped-call,no-any-return]


class Command(BaseCommand):
    help = "Write docs/developers/openapi.yaml from the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--allow-breaking", action="store_true", help="write it even if game servers break"
        )

    def handle(self, *_arguments: object, **options: Any) -> None:
        text = schema_text()
        if FILE.exists() and not options["allow_breaking"]:
            changes = find_breaking_changes(yaml.safe_load(FILE.read_text()), yaml.safe_load(text))
            if changes:
                raise CommandError(
                    "These changes break game servers. To make them all the same, use"
                    " --allow-breaking.\n- " + "\n- ".join(changes)
                )
        FILE.write_text(text)
        self.stdout.write(f"Wrote {FILE}.")
