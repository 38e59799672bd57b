"""`manage.py make_api_key NAME [--category CATEGORY]…`: create an API key and print it once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from claims.api_keys import make_api_key


class Command(BaseCommand):
    help = "Create an API key for a game server. Prints the key, which can't be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The server that uses it, for example “eu-west lobby”.")
        parser.add_argument(
            "--category",
            action="append",
            default=[],
            help="A Kick category that the key can see. Can be repeated. Default: all categories.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        _, secret = make_api_key(
            name=options["name"], categories=options["category"], now=timezone.now()
        )
        self.stdout.write(secret)
