"""Reads a catalogue's file, strictly: every fault is found at once, and says where it is."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.dateparse import parse_datetime

from claims.models.catalogue import REWARDS_PER_CAMPAIGN

FORMAT = "studio-drops catalogue"
VERSION = 1
BIGGEST_NUMBER = 2**31 - 1
MOST_DAYS = 2**15 - 1
LONGEST_TEXT = 2000

Row = dict[str, Any]
Check = Callable[[Any], bool]


class BadDocument(ValueError):
    """The file cannot be used; `faults` has a sentence for each reason."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Document:
    """Rows by their id, as plain JSON."""

    items: dict[str, Row] = field(default_factory=dict)
    rewards: dict[str, Row] = field(default_factory=dict)
    campaigns: dict[str, Row] = field(default_factory=dict)


def read_document(text: str) -> Document:
    """Raises BadDocument. Whether the rows that it refers to exist is not looked at here."""
    whole = _load(text)
    faults = list(_faults(whole))
    if faults:
        raise BadDocument(faults)
    return Document(**{name: {row[KEYS[name]]: row for row in whole[name]} for name in KEYS})


def _load(text: str) -> Row:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadDocument([f"This is no JSON: {error}."]) from error
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise BadDocument([f'This is no catalogue: its "format" is not "{FORMAT}".'])
    if whole.get("version") != VERSION:
        raise BadDocument([f'Only "version" {VERSION} can be read, not {whole.get("version")!r}.'])
    return whole


# --- What a row must be ------------------------------------------------------------------------


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and "\x00" not in value


def _is_id(value: Any) -> bool:
    return _is_text(value) and bool(value.strip())


def _is_number(value: Any, least: int = 0, most: int = BIGGEST_NUMBER) -> bool:
    return type(value) is int and least <= value <= most


def _is_time(value: Any) -> bool:
    return value is None or (isinstance(value, str) and _time(value) is not None)


def _time(value: str) -> datetime | None:
    try:
        at = parse_datetime(value)
    except ValueError:
        return None
    return at if at and at.tzinfo else None


def _is_url(value: Any) -> bool:
    return value == "" or (_is_text(value) and urlsplit(value).scheme in ("http", "https"))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_id, value))


def _are_quantities(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _is_id(key) and _is_number(one, least=1) for key, one in value.items()
    )


def _are_rewards(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= REWARDS_PER_CAMPAIGN
        and all(_is_id(key) and (one is None or _is_number(one)) for key, one in value.items())
    )


TEXT = (_is_text, "must be a text")
ID = (_is_id, "must be a text that is not blank")
DAYS = (lambda value: _is_number(value, most=MOST_DAYS), "must be a whole number of days")
TIME = (_is_time, "must be a time with its zone, such as 2026-06-23T12:00:00Z, or null")
KEYS = {"items": "sku", "rewards": "reward_id", "campaigns": "campaign_id"}
FIELDS: Mapping[str, Mapping[str, tuple[Check, str]]] = {
    "items": {"sku": ID, "name": TEXT, "description": TEXT},
    "rewards": {
        "reward_id": ID,
        "name": TEXT,
        "external_id": TEXT,
        "items": (_are_quantities, "must map SKUs to quantities of at least 1"),
    },
    "campaigns": {
        "campaign_id": ID,
        "name": TEXT,
        "category": TEXT,
        "info_url": (_is_url, "must be a URL or blank"),
        "starts_at": TIME,
        "ends_at": TIME,
        "announcement_days": DAYS,
        "grace_days": DAYS,
        "channels": (_are_texts, "must be a list of texts"),
        "is_test": (lambda value: isinstance(value, bool), "must be true or false"),
        "rewards": (
            _are_rewards,
            f"must map at most {REWARDS_PER_CAMPAIGN} reward ids to minutes or null",
        ),
    },
}


def _faults(whole: Row) -> Iterator[str]:
    for name, key in KEYS.items():
        rows = whole.get(name)
        if not isinstance(rows, list):
            yield f'"{name}" must be a list.'
            continue
        seen: set[Any] = set()
        for number, row in enumerate(rows, start=1):
            yield from _faults_of_row(f"{name} {number}", row, FIELDS[name])
            row_id = row.get(key) if isinstance(row, dict) else None
            if isinstance(row_id, str) and row_id in seen:
                yield f'{name} {number}: "{row_id}" is there twice.'
            seen.add(row_id if isinstance(row_id, str) else None)


def _faults_of_row(where: str, row: Any, fields: Mapping[str, tuple[Check, str]]) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"{where}: must be an object."
        return
    for name in fields.keys() - row.keys():
        yield f'{where}: "{name}" is missing.'
    for name in row.keys() - fields.keys():
        yield f'{where}: "{name}" is unknown.'
    wrong = [name for name in fields if name in row and not fields[name][0](row[name])]
    for name in wrong:
        yield f'{where}: "{name}" {fields[name][1]}.'
    if not wrong and _ends_before_it_starts(row):
        yield f'{where}: "ends_at" must be after "starts_at".'


def _ends_before_it_starts(row: Row) -> bool:
    starts_at, ends_at = row.get("starts_at"), row.get("ends_at")
    if not starts_at or not ends_at:
        return False
    begins, ends = _time(starts_at), _time(ends_at)
    return begins is not None and ends is not None and ends <= begins
