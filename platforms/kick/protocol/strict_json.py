"""A strict JSON reader. It refuses input that two parsers could read differently.

Numbers stay text, so no digit is rounded and no integer is too long (Python refuses integers of
more than 4,300 digits).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 32

_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{\]}]', re.DOTALL)


class JSONError(ValueError):
    """The bytes aren't acceptable JSON. The message is one sentence."""


class NumberText(str):
    """A number, exactly as it was sent."""

    __slots__ = ()


class IntegerText(NumberText):
    """A number without fraction and exponent: an optional minus sign and digits, no leading 0."""

    __slots__ = ()


class JSONObject(dict[str, Any]):
    """A JSON object that keeps repeated keys in `pairs`."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    @property
    def repeated_key(self) -> str | None:
        """A key that appears more than once, or None."""
        if len(self) == len(self.pairs):
            return None
        return Counter(key for key, _ in self.pairs).most_common(1)[0][0]


def read_json(body: bytes) -> Any:
    """Parse `body`. Repeated keys are allowed; callers check `JSONObject.repeated_key`.

    Raises JSONError if it's empty, not UTF-8, not JSON, or nested deeper than `MAX_DEPTH`.
    """
    return _read(body, _TOLERANT)


def read_strict_json(body: bytes) -> Any:
    """Like `read_json`, but also raise JSONError for NaN, Infinity and repeated keys."""
    return _read(body, _STRICT)


def write_json(value: Any) -> str:
    """Return the JSON text of a value that was read here, with all digits and repeated keys."""
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, JSONObject):
        return "{" + ", ".join(f"{json.dumps(k)}: {write_json(v)}" for k, v in value.pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write_json, value)) + "]"
    return json.dumps(value)


def _read(body: bytes, decoder: json.JSONDecoder) -> Any:
    if not body:
        raise JSONError("The body is empty: expected a JSON object.")
    if b"\0" in body:
        raise JSONError(f"The body has a NUL byte at offset {body.index(0)}: JSON allows none.")
    if _is_too_deep(body):
        raise JSONError(f"The body is nested more than {MAX_DEPTH} levels deep.")
    try:
        return decoder.decode(body.decode())
    except UnicodeDecodeError as error:
        raise JSONError(f"The body isn't valid UTF-8 at offset {error.start}.") from error
    except json.JSONDecodeError as error:
        raise JSONError(f"The body isn't JSON: {error.msg} at offset {error.pos}.") from error


def _is_too_deep(body: bytes) -> bool:
    """Whether brackets nest deeper than `MAX_DEPTH`. Checked first, as the parser is recursive."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    return _deepest(match[0] for match in _STRING_OR_BRACKET.finditer(body)) > MAX_DEPTH


def _deepest(tokens: Iterable[bytes]) -> int:
    depth = deepest = 0
    for token in tokens:
        if token in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in b"]}":
            depth -= 1
    return deepest


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        key = json.dumps(JSONObject(pairs).repeated_key)
        raise JSONError(f"The key {key:.66} appears twice in one object: expected it once.")
    return members


def _refuse_constant(name: str) -> Any:
    raise JSONError(f"The body contains {name}, which isn't valid JSON: expected a number.")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_object_without_repeats,
    parse_int=IntegerText,
    parse_float=NumberText,
    parse_constant=_refuse_constant,
)
_TOLERANT = json.JSONDecoder(
    object_pairs_hook=JSONObject,
    parse_int=IntegerText,
    parse_float=NumberText,
    parse_constant=NumberText,
)
