"""Typed access to the fields of a JSON object, with an error message for each mistake."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import UnionType
from typing import Any

from .refusals import Refused


class Fields:
    """The fields of one object. Raises Refused for fields that aren't in `known`."""

    def __init__(self, values: Any, *, known: str, name: str = "The body") -> None:
        if not isinstance(values, dict):
            raise Refused(f"{name} isn't a JSON object. Send one with {known}.")
        unknown = values.keys() - set(known.split())
        if unknown:
            raise Refused(f"{name} has the unknown field {min(unknown)!r}. Allowed: {known}.")
        self.values: Mapping[str, Any] = values

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        return str(self._read(name, str, "a string without control characters"))

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if name in self else None

    def integer(self, name: str) -> int:
        return int(self._read(name, int, "a whole number"))

    def optional_integer(self, name: str) -> int | None:
        return self.integer(name) if name in self else None

    def natural(self, name: str, *, default: int) -> int:
        value = self.integer(name) if name in self else default
        if not 0 <= value < 2**31:
            raise Refused(f"{name} {value} is out of range. Send 0 or a positive number.")
        return value

    def number(self, name: str) -> float:
        return float(self._read(name, int | float, "a number"))

    def flag(self, name: str, *, default: bool) -> bool:
        if name not in self:
            return default
        return bool(self._read(name, bool, "true or false"))

    def moment(self, name: str, *, default: datetime) -> datetime:
        """Return an aware time. Without an offset it's UTC."""
        if name not in self:
            return default
        text = self.text(name)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise Refused(
                f"{name} {text!r} isn't a time. Send one like 2026-01-31T12:00:00Z."
            ) from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def texts(self, name: str) -> list[str]:
        values = self._read(name, list, "a list of strings")
        if not all(_fits(value, str) for value in values):
            raise Refused(f"{name} is invalid. Send a list of strings.")
        return list(values)

    def objects(self, name: str, *, known: str) -> Iterator["Fields"]:
        values = self._read(name, list, "a list of objects")
        return (Fields(value, known=known, name=f"An entry of {name}") for value in values)

    def _read(self, name: str, kind: type | UnionType, expected: str) -> Any:
        value = self.values.get(name)
        if not _fits(value, kind):
            problem = "is missing" if value is None else f"{value!r:.100} is invalid"
            raise Refused(f"{name} {problem}. Send {expected}.")
        return value


def _fits(value: Any, kind: type | UnionType) -> bool:
    if isinstance(value, bool):
        return kind is bool  # although a bool is an int in Python
    if isinstance(value, str):
        # `isprintable` excludes lone surrogates, which no database can store.
        return kind is str and value.isprintable()
    return isinstance(value, kind)


def read_fields(body: bytes, *, known: str) -> Fields:
    return Fields(read_json(body), known=known)


def read_json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise Refused(f"The body isn't JSON ({error}). Send an object.") from error
