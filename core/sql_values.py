"""Conversion of times for raw SQL. SQLite stores them as text without an offset."""

from datetime import datetime
from typing import Any, cast

from django.db import connection


def to_db(value: Any) -> Any:
    """Convert a time to the form that the database driver takes. Other values stay unchanged."""
    is_time = isinstance(value, datetime)
    return connection.ops.adapt_datetimefield_value(value) if is_time else value


def from_db(value: Any) -> Any:
    """Convert a time from the database driver to an aware datetime. None stays None."""
    if connection.vendor != "sqlite":
        return value
    operations = cast("Any", connection.ops)  # SQLite's operations have no type hints
    return operations.convert_datetimefield_value(value, None, connection)
