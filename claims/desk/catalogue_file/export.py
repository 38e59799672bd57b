"""Writes a catalogue's file row by row: it takes no more memory however many rows there are."""

import json
from collections.abc import Iterable, Iterator, Mapping
from textwrap import indent

from claims.desk.catalogue_file.document import FORMAT, KEYS, VERSION, Row


def write_catalogue(parts: Mapping[str, Iterable[Row]]) -> Iterator[str]:
    """The file's text, piece by piece. Rows come in the order of their keys, so that two exports of
    the same rows are the same."""
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
