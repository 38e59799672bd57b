"""RFC 3339 timestamps, as Kick's servers (written in Go) may print them."""

import re
from datetime import UTC, datetime, timedelta

# `datetime.fromisoformat` alone takes much that is no RFC 3339 (week dates, no offset) and
# refuses some that is (a leap second, a lower-case z), so the grammar is stated here.
_RFC3339 = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<minute>\d\d:\d\d):(?P<second>\d\d)"
    r"(?P<fraction>\.\d+)?(?P<offset>[Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
# What a datetime can hold; Go prints up to nine digits.
_FRACTION_LENGTH = len(".123456")


def parse_timestamp(text: str) -> datetime:
    """Return the UTC time of an RFC 3339 text, to the microsecond; a leap second is the next one.

    Raises ValueError for anything else.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 timestamp")
    date, minute, second, fraction, offset = match.groups()
    leap = second == "60"
    clock = f"{minute}:{'59' if leap else second}{(fraction or '')[:_FRACTION_LENGTH]}"
    moment = datetime.fromisoformat(f"{date}T{clock}{offset.upper()}")
    try:
        moment = moment.astimezone(UTC)
        return moment + timedelta(seconds=1) if leap else moment
    except OverflowError as error:
        raise ValueError("a time outside of the years 1 to 9999") from error
