"""`manage.py make_api_key NAME [--category CATEGORY]…`: make an API key and print it, once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from claims.api_keys import make_api_key


class Command(BaseCommand):
    help = "Make an API key for a game server. Prints the key, which cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="Which server uses it, for example “eu-west lobby”.")
        parser.add_argument(
            "--category",
            action="append",
            default=[],
            help="A category of Kick's that it may see; repeat for several. None: all.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        _, secret = make_api_key(
            name=options["name"], categories=options["category"], now=timezone.now()
        )
        self.stdout.write(secret)
