"""The time in a ULID: its first ten characters are milliseconds since 1970, in Crockford base 32.

Source: https://github.com/ulid/spec
"""

from datetime import UTC, datetime, timedelta

_DIGITS = {digit: value for value, digit in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_ulid_time(text: str) -> datetime | None:
    """When the ULID was made, in UTC. None for any other text: Kick's IDs needn't be valid."""
    digits = [_DIGITS.get(digit) for digit in text.upper()]
    if len(text) != 26 or None in digits:
        return None
    milliseconds = 0
    for digit in digits[:10]:
        milliseconds = milliseconds * 32 + (digit or 0)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
