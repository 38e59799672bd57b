from datetime import UTC, datetime

import pytest

from platforms.kick.protocol.ulids import read_ulid_time


def test_read_ulid_time() -> None:
    # The example of the specification.
    assert read_ulid_time("01ARYZ6S41TSV4RRFFQ69G5FAV") == datetime(
        2016, 7, 30, 22, 36, 16, 385000, tzinfo=UTC
    )
    assert read_ulid_time("01aryz6s41tsv4rrffq69g5fav") == read_ulid_time(
        "01ARYZ6S41TSV4RRFFQ69G5FAV"
    )


@pytest.mark.parametrize("text", ["", "claim", "01ARYZ6S41TSV4RRFFQ69G5FAU", "0" * 27, "Z" * 26])
def test_read_ulid_time_of_anything_else(text: str) -> None:
    assert read_ulid_time(text) is None
