from datetime import UTC, datetime

import pytest

from platforms.kick.protocol.signatures import parse_timestamp


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-23T12:00:00Z", datetime(2026, 6, 23, 12, tzinfo=UTC)),
        ("2026-06-23t12:00:00z", datetime(2026, 6, 23, 12, tzinfo=UTC)),
        ("2026-06-23 12:00:00+02:00", datetime(2026, 6, 23, 10, tzinfo=UTC)),
        ("2026-06-23T12:00:00-11:30", datetime(2026, 6, 23, 23, 30, tzinfo=UTC)),
        ("2026-06-23T12:00:00.1Z", datetime(2026, 6, 23, 12, 0, 0, 100000, UTC)),
        ("2026-06-23T12:00:00.123456789Z", datetime(2026, 6, 23, 12, 0, 0, 123456, UTC)),
        ("2026-06-23T12:00:00-00:00", datetime(2026, 6, 23, 12, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T15:59:60.5-08:00", datetime(2017, 1, 1, 0, 0, 0, 500000, UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_parse_timestamp_of_rfc_3339(text: str, expected: datetime) -> None:
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1719144000",
        "2026-06-23",
        "2026-06-23T12:00:00",
        "2026-06-23T12:00Z",
        "20260623T120000Z",
        "2026-W26-2T12:00:00Z",
        "2026-06-23T12:00:00+0200",
        "2026-06-23T12:00:00.Z",
        "2026-06-23T12:00:00,5Z",
        "2026-13-23T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-06-23T12:00:00Z\n",
        " 2026-06-23T12:00:00Z",
        "２026-06-23T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:60Z",
    ],
)
def test_parse_timestamp_of_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_timestamp(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-23T24:00:00Z",
        "2026-06-23T24:00:60Z",
        "2026-06-23T12:60:00Z",
        "2026-06-23T12:00:61Z",
        "2026-06-23T12:00:00+24:00",
        "2026-06-23T12:00:00+99:99",
    ],
)
def test_parse_timestamp_of_a_clock_that_rfc_3339_does_not_have(text: str) -> None:
    # By our own grammar, whatever this Python's `fromisoformat` accepts: 3.14 takes 24:00:00.
    with pytest.raises(ValueError, match=r"^not an RFC 3339 timestamp$"):
        parse_timestamp(text)
