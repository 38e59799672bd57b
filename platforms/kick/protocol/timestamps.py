"""RFC 3339 timestamps, in every form that Kick's servers (written in Go) may print them."""

import re
from datetime import UTC, datetime, timedelta

# `datetime.fromisoformat` accepts text that isn't RFC 3339 (week dates, no offset, and 24:00:00
# from Python 3.14 on) and refuses some that is (a leap second, a lower-case z). So the grammar is
# stated here.
_HOUR_AND_MINUTE = r"(?:[01]\d|2[0-3]):[0-5]\d"
_RFC3339 = re.compile(
    rf"(?P<date>\d{{4}}-\d\d-\d\d)[Tt ](?P<minute>{_HOUR_AND_MINUTE}):(?P<second>[0-5]\d|60)"
    rf"(?P<fraction>\.\d+)?(?P<offset>[Zz]|[+-]{_HOUR_AND_MINUTE})",
    re.ASCII,
)
# datetime's precision. Go prints up to nine digits.
_FRACTION_LENGTH = len(".123456")


def parse_timestamp(text: str) -> datetime:
    """Return the UTC time of an RFC 3339 text, to the microsecond.

    A leap second becomes the following second. Raises ValueError for any other text.
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
        raise ValueError("the year isn't between 1 and 9999") from error
