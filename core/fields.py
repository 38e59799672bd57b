"""Model fields that both apps share."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    TextField = models.TextField[str, str]
else:
    TextField = models.TextField


class OpaqueTextField(TextField):
    """Text that is compared exactly, byte by byte, and never interpreted: ids, keys, skus.

    PostgreSQL is told `COLLATE "C"`: an ICU collation would cost up to half of the insert speed and
    could treat two different ids as equal. SQLite's default collation is binary already and has no
    collation of that name.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """The type, by its full name on PostgreSQL.

        To each unique or indexed column whose type begins with "text" Django adds a second index,
        for LIKE in other collations than "C". Here it would only cost every claim a write or four.
        """
        return (
            "pg_catalog.text" if connection.vendor == "postgresql" else super().db_type(connection)
        )

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters: dict[str, Any] = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters
