"""Times in plain SQL, where Django converts none: SQLite keeps them as text without an offset."""

from datetime import datetime
from typing import Any, cast

from django.db import connection


def to_db(value: Any) -> Any:
    """A time as the database's driver takes it, and anything else as it is."""
    is_time = isinstance(value, datetime)
    return connection.ops.adapt_datetimefield_value(value) if is_time else value


def from_db(value: Any) -> Any:
    """A column's time, or null, as the database's driver gives it: aware, or None."""
    if connection.vendor != "sqlite":
        return value
    operations = cast("Any", connection.ops)  # SQLite's own, which have no types
    return operations.convert_datetimefield_value(value, None, connection)
