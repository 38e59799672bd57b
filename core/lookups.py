"""A lookup for long lists: `filter(pk__among=ids)`."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    Lookup = models.Lookup[Any]
else:
    Lookup = models.Lookup


@models.Field.register_lookup
class Among(Lookup):
    """Like `in`, but with one parameter for the whole list instead of one per member.

    Django, the driver and the database need more time for a thousand parameters than for the
    matching rows. And the SQL is the same for every length of the list, so it can be prepared.
    """

    lookup_name = "among"

    def get_prep_lookup(self) -> list[Any]:
        members: Iterable[Any] = self.rhs
        return list(map(self.lhs.output_field.get_prep_value, members))

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        type_ = self.lhs.output_field.rel_db_type(connection)
        members = f"SELECT value::{type_} FROM json_array_elements_text(%s::json)"  # noqa: S608
        return f"{column} = ANY(ARRAY({members}))", [*parameters, json.dumps(self.rhs)]

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        listed = json.dumps(self.rhs)
        among = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 (Django's column)
        return among, [*parameters, listed]
