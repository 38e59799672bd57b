"""A process that fills the database that DATABASE_URL names, and prints an API key for it.

    python -m tests.bench.filled_database <entitlements> <players>

A process of its own, because Django knows one database in each.
"""

import sys

import django
from django.core.management import call_command


def main(entitlements: int, players: int) -> None:
    django.setup()
    from django.utils import timezone

    from claims.api_keys import make_api_key
    from tests.bench.rows import make_catalogue, make_entitlements, make_linked_viewers

    call_command("migrate", verbosity=0)
    make_catalogue()
    make_linked_viewers(players)
    make_entitlements(entitlements, players=players, still_granted=players)
    _, secret = make_api_key(name="bench", categories=[], now=timezone.now())
    print(secret)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
