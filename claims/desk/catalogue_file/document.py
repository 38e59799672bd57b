"""Reads a catalogue file strictly. All errors are reported together, with their location."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.models.catalogue import REWARDS_PER_CAMPAIGN

FORMAT = "studio-drops catalogue"
VERSION = 1
BIGGEST_NUMBER = 2**31 - 1
MOST_DAYS = 2**15 - 1
LONGEST_TEXT = 2000

Row = dict[str, Any]
Check = Callable[[Any], bool]
# A check and the message for a failure.
Rule = tuple[Check, Promise]


class BadDocument(ValueError):
    """The file can't be imported. `faults` has a sentence for each error."""

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
    """Raises BadDocument. Doesn't check that referenced rows exist."""
    whole = _load(text)
    faults = list(_faults(whole))
    if faults:
        raise BadDocument(faults)
    return Document(**{name: {row[KEYS[name]]: row for row in whole[name]} for name in KEYS})


def _load(text: str) -> Row:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadDocument([_("Invalid JSON: %(error)s.") % {"error": error}]) from error
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        fault = _('Not a catalogue file: "format" must be "%(format)s".')
        raise BadDocument([fault % {"format": FORMAT}])
    if whole.get("version") != VERSION:
        fault = _('Unsupported "version" %(found)r. Supported: %(version)d.')
        raise BadDocument([fault % {"found": whole.get("version"), "version": VERSION}])
    return whole


# --- Rules for rows ----------------------------------------------------------------------------


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


TEXT = (_is_text, gettext_lazy("%(field)s must be a string."))
ID = (_is_id, gettext_lazy("%(field)s must be a non-blank string."))
DAYS = (
    lambda value: _is_number(value, most=MOST_DAYS),
    gettext_lazy("%(field)s must be a whole number of days."),
)
TIME = (
    _is_time,
    gettext_lazy(
        "%(field)s must be a time with a time zone, such as 2026-06-23T12:00:00Z, or null."
    ),
)
KEYS = {"items": "sku", "rewards": "reward_id", "campaigns": "campaign_id"}
FIELDS: Mapping[str, Mapping[str, Rule]] = {
    "items": {"sku": ID, "name": TEXT, "description": TEXT},
    "rewards": {
        "reward_id": ID,
        "name": TEXT,
        "external_id": TEXT,
        "items": (
            _are_quantities,
            gettext_lazy("%(field)s must map SKUs to quantities of at least 1."),
        ),
    },
    "campaigns": {
        "campaign_id": ID,
        "name": TEXT,
        "category": TEXT,
        "info_url": (_is_url, gettext_lazy("%(field)s must be a URL or blank.")),
        "starts_at": TIME,
        "ends_at": TIME,
        "announcement_days": DAYS,
        "grace_days": DAYS,
        "channels": (_are_texts, gettext_lazy("%(field)s must be a list of strings.")),
        "is_test": (
            lambda value: isinstance(value, bool),
            gettext_lazy("%(field)s must be true or false."),
        ),
        "rewards": (
            _are_rewards,
            gettext_lazy("%(field)s must map at most %(most)d reward ids to minutes or null."),
        ),
    },
}


def _faults(whole: Row) -> Iterator[str]:
    for name, key in KEYS.items():
        rows = whole.get(name)
        if not isinstance(rows, list):
            yield _("%(field)s must be a list.") % {"field": f'"{name}"'}
            continue
        seen: set[Any] = set()
        for number, row in enumerate(rows, start=1):
            yield from _faults_of_row(f"{name} {number}", row, FIELDS[name])
            row_id = row.get(key) if isinstance(row, dict) else None
            if isinstance(row_id, str) and row_id in seen:
                fault = _('%(row)s: duplicate ID "%(id)s".')
                yield fault % {"row": f"{name} {number}", "id": row_id}
            seen.add(row_id if isinstance(row_id, str) else None)


def _faults_of_row(where: str, row: Any, fields: Mapping[str, Rule]) -> Iterator[str]:
    if not isinstance(row, dict):
        yield _("%(row)s must be an object.") % {"row": where}
        return
    for name in fields.keys() - row.keys():
        yield _('%(row)s: "%(field)s" is missing.') % {"row": where, "field": name}
    for name in row.keys() - fields.keys():
        yield _('%(row)s: unknown field "%(field)s".') % {"row": where, "field": name}
    wrong = [name for name in fields if name in row and not fields[name][0](row[name])]
    for name in wrong:
        values = {"field": f'{where}: "{name}"', "most": REWARDS_PER_CAMPAIGN}
        yield str(fields[name][1]) % values
    if not wrong and _ends_before_it_starts(row):
        yield _('%(row)s: "ends_at" must be after "starts_at".') % {"row": where}


def _ends_before_it_starts(row: Row) -> bool:
    starts_at, ends_at = row.get("starts_at"), row.get("ends_at")
    if not starts_at or not ends_at:
        return False
    begins, ends = _time(starts_at), _time(ends_at)
    return begins is not None and ends is not None and ends <= begins
