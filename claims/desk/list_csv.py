"""A list of the admin as CSV: the rows that its filters leave, with the columns that it shows."""

import csv
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

AT_MOST = 50_000
READ_AT_ONCE = 500
# A spreadsheet would run a cell that starts with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """A file for the csv module that returns what's written to it."""

    def write(self, text: str) -> str:
        return text


def write_list(changelist: Any) -> Iterator[str]:
    """The lines of the file: a header, then at most AT_MOST rows, in constant memory."""
    writer = csv.writer(_Line())
    model_admin = changelist.model_admin
    columns = [name for name in changelist.list_display if name != "action_checkbox"]
    labels = [label_for_field(name, changelist.model, model_admin) for name in columns]
    yield writer.writerow([str(label) for label in labels])
    rows = changelist.queryset[:AT_MOST]
    for row in rows.iterator(chunk_size=READ_AT_ONCE):
        yield writer.writerow([_cell(name, row, model_admin) for name in columns])


def _cell(name: str, row: Any, model_admin: Any) -> str:
    field, _attribute, value = lookup_field(name, row, model_admin)
    if field is not None and getattr(field, "choices", None):
        value = getattr(row, f"get_{field.name}_display")()
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, SafeString):
        # A second value is in a <div>.
        value = " ".join(unescape(strip_tags(value.replace("<div", " <div"))).split())
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
