"""Writes a catalogue file row by row, in constant memory."""

import json
from collections.abc import Iterable, Iterator, Mapping
from textwrap import indent

from claims.desk.catalogue_file.document import FORMAT, KEYS, VERSION, Row


def write_catalogue(parts: Mapping[str, Iterable[Row]]) -> Iterator[str]:
    """The file's text in pieces. Rows are ordered by key, so that equal data exports equally."""
    yield f'{{\n  "format": "{FORMAT}",\n  "version": {VERSION}'
    for name in KEYS:
        yield f',\n  "{name}": ['
        yield from _write_rows(parts.get(name, ()))
    yield "\n}\n"


def _write_rows(rows: Iterable[Row]) -> Iterator[str]:
    end = "]"
    separator = "\n"
    for row in rows:
        yield separator + indent(json.dumps(row, indent=2, ensure_ascii=False), " " * 4)
        separator, end = ",\n", "\n  ]"
    yield end
