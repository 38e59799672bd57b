"""`manage.py import_catalogue catalogue.json [--dry-run]`: what `export_catalogue` has printed."""

import getpass
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from claims.desk.actions import ActionContext
from claims.desk.catalogue_file.document import BadDocument, read_document
from claims.desk.catalogue_file.transfer import Change, compare, import_catalogue


class Command(BaseCommand):
    help = "Import campaigns, rewards, items and mappings. What the file does not name is left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="The file, or - for standard input.")
        parser.add_argument("--dry-run", action="store_true", help="Only show the difference.")
        parser.add_argument("--reason", default="", help="Kept in the audit.")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            document = read_document(_read(options["file"]))
            changes = compare(document)
            if not options["dry_run"]:
                act = ActionContext(
                    f"{getpass.getuser()} (command)", options["reason"], timezone.now()
                )
                changes = import_catalogue(document=document, act=act)
        except BadDocument as error:
            raise CommandError("Nothing was imported.\n- " + "\n- ".join(error.faults)) from error
        self._print(changes, is_dry=options["dry_run"])

    def _print(self, changes: list[Change], *, is_dry: bool) -> None:
        for change in changes:
            verb = "add" if change.before is None else "change"
            self.stdout.write(f"{verb} {change.kind} {change.id}")
            for name, before, after in change.fields:
                self.stdout.write(f"    {name}: {before!r} -> {after!r}")
        said = "would change; run it without --dry-run to import." if is_dry else "changed."
        self.stdout.write(f"{len(changes)} {said}")


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read as text: {error}") from error
