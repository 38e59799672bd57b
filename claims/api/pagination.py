"""Cursors for paging through a list. Opaque to callers, so their format can change."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from claims.listing import ListedEntitlement, list_changes
from claims.webhooks.announcing import COUNTER
from core.models import Counter

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Page:
    entitlements: Sequence[ListedEntitlement]
    next_cursor: str | None


def page_of(rows: Sequence[ListedEntitlement], *, limit: int) -> Page:
    """The first `limit` rows. Query one more than `limit`: it shows whether there's a next page."""
    shown = rows[:limit]
    return Page(shown, encode_cursor(shown[-1].id) if len(rows) > limit else None)


def encode_cursor(last_id: int) -> str:
    return base64.urlsafe_b64encode(f"after:{last_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """The last id of the previous page. Raises ValueError for text `encode_cursor` didn't make."""
    return int(_decode(cursor, r"after:([0-9]{1,18})")[1])


def _decode(cursor: str, pattern: str) -> re.Match[str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValueError from error
    match = re.fullmatch(pattern, text, re.ASCII)
    if match is None:
        raise ValueError
    return match


LATEST = "latest"
# Above every id, so that a position with it is the end of its batch.
_LAST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ChangePage:
    """`next_cursor` is where to go on, now or later. It's never None."""

    entitlements: Sequence[ListedEntitlement]
    next_cursor: str
    has_more: bool


class UnknownPosition(ValueError):
    """The cursor is of a later state of the database, from before a restore."""


def page_of_changes(*, after: str, categories: Sequence[str], limit: int) -> ChangePage:
    """The changes after a cursor, or after "" for all of them, or LATEST for none yet.

    Raises UnknownPosition, or ValueError for text that isn't a cursor of changes.
    """
    position = last_change() if after == LATEST else _decode_position(after)
    if after == LATEST:
        return ChangePage([], _encode_position(position), has_more=False)
    rows = list_changes(after=position, categories=categories, limit=limit + 1)
    if not rows:
        if position > last_change():
            raise UnknownPosition
        return ChangePage([], _encode_position(position), has_more=False)
    shown = rows[:limit]
    last = (shown[-1].announced_in or 0, shown[-1].id)
    return ChangePage(shown, _encode_position(last), has_more=len(rows) > limit)


def last_change() -> tuple[int, int]:
    """The position after everything that has been announced."""
    value = Counter.objects.filter(pk=COUNTER).values_list("value", flat=True).first()
    return value or 0, _LAST_ID


def _encode_position(position: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode("changes:{}.{}".format(*position).encode()).decode().rstrip("=")


def _decode_position(cursor: str) -> tuple[int, int]:
    if not cursor:
        return 0, 0
    match = _decode(cursor, r"changes:([0-9]{1,18})\.([0-9]{1,19})")
    return int(match[1]), min(int(match[2]), _LAST_ID)


class CursorField(serializers.CharField):
    default_error_messages = {
        "no_cursor": _("Invalid cursor. Pass `next_cursor` from the previous response unchanged.")
    }

    def to_internal_value(self, data: Any) -> Any:
        try:
            return decode_cursor(super().to_internal_value(data))
        except ValueError:
            self.fail("no_cursor")
