"""`manage.py make_api_key NAME [--category CATEGORY]…`: create an API key and print it once."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from claims.api_keys import make_api_key
from claims.models import Scope


def network(text: str) -> str:
    return str(ip_network(text))


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

        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="What the key may do. Can be repeated. Default: everything.",
        )
        parser.add_argument(
            "--network",
            action="append",
            default=[],
            type=network,
            help="A network that it may be used from, such as 10.0.0.0/8. Can be repeated.",
        )
        parser.add_argument("--requests-per-minute", type=int, help="Default: no limit.")
        parser.add_argument("--days", type=int, help="Days until the key ends. Default: no end.")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        _, secret = make_api_key(
            name=options["name"],
            categories=options["category"],
            scopes=options["scope"] or Scope.values,
            networks=options["network"],
            requests_per_minute=options["requests_per_minute"],
            ends_at=now + timedelta(days=options["days"]) if options["days"] else None,
            now=now,
        )
        self.stdout.write(secret)
