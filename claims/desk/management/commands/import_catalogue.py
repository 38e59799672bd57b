"""`manage.py import_catalogue catalogue.json [--dry-run]`: import `export_catalogue`'s output."""

import getpass
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from claims.desk.actions import ActionContext
from claims.desk.catalogue_file.document import BadDocument, read_document
from claims.desk.catalogue_file.transfer import compare, import_catalogue


class Command(BaseCommand):
    help = (
        "Import campaigns, rewards, items and mappings. Entries that aren't in the file stay as"
        " they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="The file, or - for standard input.")
        parser.add_argument("--dry-run", action="store_true", help="Only show the changes.")
        parser.add_argument("--reason", default="", help="Stored in the audit log.")

    def handle(self, *_args: Any, **options: Any) -> None:
        file, is_dry = options["file"], options["dry_run"]
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} can't be read as text: {error}") from error
        try:
            document = read_document(text)
            changes = compare(document)
            if not is_dry:
                act = ActionContext(
                    f"{getpass.getuser()} (command)", options["reason"], timezone.now()
                )
                changes = import_catalogue(document=document, act=act)
        except BadDocument as error:
            raise CommandError("Nothing was imported.\n- " + "\n- ".join(error.faults)) from error
        for change in changes:
            verb = "add" if change.before is None else "change"
            self.stdout.write(f"{verb} {change.kind} {change.id}")
            for name, before, after in change.fields:
                self.stdout.write(f"    {name}: {before!r} -> {after!r}")
        if is_dry:
            self.stdout.write(f"Changes: {len(changes)}. Run without --dry-run to import them.")
        else:
            self.stdout.write(f"Changes imported: {len(changes)}.")
