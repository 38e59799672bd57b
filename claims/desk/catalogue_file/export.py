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
        separator, end = "\n", "]"
        for row in parts.get(name, ()):
            yield separator + indent(json.dumps(row, indent=2, ensure_ascii=False), " " * 4)
            separator, end = ",\n", "\n  ]"
        yield end
    yield "\n}\n"
