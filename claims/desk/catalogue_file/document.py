"""Reads a catalogue file strictly. All errors are reported together, with their location."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from claims.models.catalogue import REWARDS_PER_CAMPAIGN

FORMAT = "studio-drops catalogue"
VERSION = 1
KEYS = {"items": "sku", "rewards": "reward_id", "campaigns": "campaign_id"}
Row = dict[str, Any]


class BadDocument(ValueError):
    """The file can't be imported. `faults` has a sentence for each error."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Document:
    """Rows by their id, as plain JSON. `source` is that of new rewards and campaigns, or ""."""

    items: dict[str, Row] = field(default_factory=dict)
    rewards: dict[str, Row] = field(default_factory=dict)
    campaigns: dict[str, Row] = field(default_factory=dict)
    source: str = ""


class Strict(serializers.Field[Any, Any, Any, Any]):
    """REST framework would accept the number 3 as text, "3" as a number and "no" as a boolean."""

    kind: type

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data not in (serializers.empty, None) and type(data) is not self.kind:
            self.fail("invalid", input=data)
        return super().run_validation(data)


class Text(Strict, serializers.CharField):
    kind = str


class Number(Strict, serializers.IntegerField):
    kind = int


class YesOrNo(Strict, serializers.BooleanField):
    kind = bool


class Time(serializers.DateTimeField):
    default_error_messages = {
        "invalid": gettext_lazy(
            "Must be a time with a time zone, such as 2026-06-23T12:00:00Z, or null."
        )
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("invalid")
        return super().enforce_timezone(value)


class StrictRow(serializers.Serializer[Any]):
    def to_internal_value(self, data: Any) -> Any:
        unknown = data.keys() - self.fields.keys() if isinstance(data, dict) else set()
        faults = {name: [_("Unknown field.")] for name in sorted(unknown)}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**error.detail, **faults}) from error  # type: ignore[dict-item]
        if faults:
            raise serializers.ValidationError(faults)
        return values


ID: dict[str, Any] = {"max_length": 2000}
TEXT: dict[str, Any] = {"max_length": 2000, "allow_blank": True}
DAYS: dict[str, Any] = {"min_value": 0, "max_value": 2**15 - 1}


class ItemRow(StrictRow):
    sku = Text(**ID)
    name = Text(**TEXT)
    description = Text(**TEXT)


class RewardRow(StrictRow):
    reward_id = Text(**ID)
    name = Text(**TEXT)
    external_id = Text(**TEXT)
    items = serializers.DictField(child=Number(min_value=1, max_value=2**31 - 1))


class CampaignRow(StrictRow):
    campaign_id = Text(**ID)
    name = Text(**TEXT)
    category = Text(**TEXT)
    info_url = Text(max_length=200, allow_blank=True, validators=[URLValidator(["http", "https"])])
    starts_at = Time(allow_null=True)
    ends_at = Time(allow_null=True)
    announcement_days = Number(**DAYS)
    grace_days = Number(**DAYS)
    channels = serializers.ListField(child=Text(**ID))
    is_test = YesOrNo()
    rewards = serializers.DictField(child=Number(min_value=0, max_value=2**31 - 1, allow_null=True))

    def validate_rewards(self, rewards: dict[str, int | None]) -> dict[str, int | None]:
        if len(rewards) > REWARDS_PER_CAMPAIGN:
            fault = _("A campaign has at most %(most)d rewards.") % {"most": REWARDS_PER_CAMPAIGN}
            raise serializers.ValidationError(fault)
        return rewards

    def validate(self, row: Row) -> Row:
        if row["starts_at"] and row["ends_at"] and row["ends_at"] <= row["starts_at"]:
            raise serializers.ValidationError({"ends_at": _('Must be after "starts_at".')})
        return row


class Whole(serializers.Serializer[Any]):
    items = ItemRow(many=True)
    rewards = RewardRow(many=True)
    campaigns = CampaignRow(many=True)


def read_document(text: str) -> Document:
    """Raises BadDocument. Doesn't check that referenced rows exist."""
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
    checked = Whole(data=whole)
    if not checked.is_valid():
        raise BadDocument(list(_sentences(checked.errors)))
    duplicates = []
    for name, key in KEYS.items():
        seen: set[str] = set()
        for number, row in enumerate(whole[name], start=1):
            if row[key] in seen:
                fault = _('%(row)s: duplicate ID "%(id)s".')
                duplicates.append(fault % {"row": f"{name} {number}", "id": row[key]})
            seen.add(row[key])
    if duplicates:
        raise BadDocument(duplicates)
    parts = {name: {row[KEYS[name]]: row for row in whole[name]} for name in KEYS}
    return Document(parts["items"], parts["rewards"], parts["campaigns"])


def _sentences(errors: Any, place: tuple[str, ...] = ()) -> Iterator[str]:
    """A sentence for each of REST framework's nested errors, such as `items 1: "sku": …`."""
    # Some versions of REST framework list the errors of all rows, {} for the valid ones.
    if isinstance(errors, list) and isinstance(errors[0], dict):
        errors = {index: inner for index, inner in enumerate(errors) if inner}
    if isinstance(errors, dict):
        for key, inner in errors.items():
            # A number is the index of a row or of a list's entry.
            name = str(key + 1) if isinstance(key, int) else key
            yield from _sentences(inner, place if key == "non_field_errors" else (*place, name))
    else:
        row, name = " ".join(place[:2]), ".".join(place[2:])
        where = f'{row}: "{name}"' if name else row
        yield from (f"{where}: {message}" for message in errors)
