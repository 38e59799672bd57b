"""Cursors for paging through a list. Opaque to callers, so their format can change."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from claims.listing import ListedEntitlement

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
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValueError from error
    match = re.fullmatch(r"after:([0-9]{1,18})", text, re.ASCII)
    if match is None:
        raise ValueError
    return int(match[1])


class CursorField(serializers.CharField):
    default_error_messages = {
        "no_cursor": _("Invalid cursor. Pass `next_cursor` from the previous response unchanged.")
    }

    def to_internal_value(self, data: Any) -> Any:
        try:
            return decode_cursor(super().to_internal_value(data))
        except ValueError:
            self.fail("no_cursor")
