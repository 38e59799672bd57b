from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoCommand
from django.db import OperationalError, connections
from django.utils.translation import gettext as _

LOCK_TIMEOUT = "5s"
LOCK_NOT_AVAILABLE = "55P03"


class Command(DjangoCommand):
    """Django's `migrate`, made safe beside running processes on PostgreSQL.

    A statement that waits for a table lock blocks all others that come after it. So it gives up
    after five seconds, while building an index may take as long as it needs.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            (statement_timeout,) = cursor.fetchone()
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            raise CommandError(
                _(
                    "A table is locked by another process. The migrations before this one are "
                    "done, and this one changed nothing. Run migrate again."
                )
            ) from error
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
                cursor.execute(
                    "SELECT set_config('statement_timeout', %s, false)", [statement_timeout]
                )
