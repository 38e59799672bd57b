"""Partner channels on air: the spans of their streams, and the minutes for campaigns."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from claims.models import Channel, StreamSpan
from claims.source import ChannelFacts, LiveStream
from claims.streams import ask_soon, minutes_on_air, refresh_facts, watch_channels
from tests.claims.make_offers import NOW, make_channel
from tests.factories import make_campaign

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
GAME, OTHER = "Starfall Online", "Just Chatting"


def stream(
    category: str = GAME, *, started_at: datetime = NOW, channel: str = "kick:1"
) -> LiveStream:
    return LiveStream(channel, category, category, started_at, viewers=42)


def watch(*live: LiveStream, after: timedelta) -> int:
    return watch_channels(platform="kick", reader=lambda _ids: list(live), now=NOW + after)


def spans() -> list[tuple[str, int, int, bool]]:
    """For each span: the category, its first and last minute, and whether it's on air."""
    return [
        (
            one.category,
            (one.began_at - NOW) // MINUTE,
            (one.ended_at - NOW) // MINUTE,
            one.is_on_air,
        )
        for one in StreamSpan.objects.order_by("pk")
    ]


@pytest.fixture(autouse=True)
def channel() -> Channel:
    return make_channel()


def test_a_stream_from_start_to_end() -> None:
    assert watch(stream(), after=MINUTE) == 1
    assert watch(stream(), after=2 * MINUTE) == 1
    assert watch(after=3 * MINUTE) == 0
    watch(after=4 * MINUTE)

    assert spans() == [(GAME, 0, 3, False)]


def test_another_category_begins_another_span() -> None:
    watch(stream(), after=MINUTE)
    watch(stream(OTHER), after=10 * MINUTE)
    watch(stream(GAME), after=12 * MINUTE)

    assert spans() == [(GAME, 0, 1, False), (OTHER, 10, 12, False), (GAME, 12, 12, True)]


def test_a_stream_that_is_seen_late_counts_from_then() -> None:
    watch(stream(), after=HOUR)

    assert spans() == [(GAME, 60, 60, True)]


def test_after_a_gap_the_same_stream_goes_on() -> None:
    watch(stream(), after=MINUTE)
    watch(stream(), after=HOUR)

    assert spans() == [(GAME, 0, 60, True)]


def test_the_end_during_a_gap_is_not_known() -> None:
    watch(stream(), after=MINUTE)
    watch(after=HOUR)

    assert spans() == [(GAME, 0, 1, False)]


def test_a_new_stream_ends_the_last() -> None:
    watch(stream(), after=MINUTE)
    watch(stream(started_at=NOW + 2 * MINUTE), after=3 * MINUTE)

    assert spans() == [(GAME, 0, 3, False), (GAME, 2, 3, True)]


def test_channels_are_asked_25_at_a_time_and_once_a_minute() -> None:
    for number in range(2, 31):
        make_channel(f"kick:{number}")
    asked: list[int] = []

    def reader(ids: Sequence[str]) -> list[LiveStream]:
        asked.append(len(ids))
        return []

    watch_channels(platform="kick", reader=reader, now=NOW)
    watch_channels(platform="kick", reader=reader, now=NOW + MINUTE / 3)
    assert asked == [25, 5]

    assert ask_soon("kick:7")
    watch_channels(platform="kick", reader=reader, now=NOW + MINUTE / 2)
    assert asked == [25, 5, 1]


def test_only_active_partner_channels_are_asked() -> None:
    Channel.objects.update(is_active=False)

    assert watch(stream(), after=MINUTE) == 0
    assert not ask_soon("kick:1")
    assert not ask_soon("kick:9")
    assert not StreamSpan.objects.exists()


def test_minutes_count_in_the_category_while_the_campaign_runs() -> None:
    campaign = make_campaign(
        category="starfall online", starts_at=NOW + 10 * MINUTE, ends_at=NOW + 30 * MINUTE
    )
    watch(stream(), after=MINUTE)
    watch(stream(), after=15 * MINUTE)
    watch(stream(OTHER), after=16 * MINUTE)
    watch(stream(OTHER), after=20 * MINUTE)
    watch(stream(), after=25 * MINUTE)
    watch(stream(), after=40 * MINUTE)

    found = minutes_on_air([campaign], now=NOW + 40 * MINUTE)

    assert found == {("kick:1", campaign.pk): 11}
    assert minutes_on_air([make_campaign(starts_at=None)], now=NOW) == {}


def test_facts_are_read_once_a_day() -> None:
    make_channel("kick:2")
    shown = [ChannelFacts("kick:1", subscribers=120, language="de", category=GAME)]
    day = timedelta(days=1)

    def refresh(after: timedelta, *facts: ChannelFacts) -> int:
        return refresh_facts(platform="kick", reader=lambda _ids: list(facts), now=NOW + after)

    assert refresh(MINUTE, *shown) == 2
    assert refresh(HOUR, *shown) == 0
    known, gone = Channel.objects.order_by("pk")
    assert (known.subscribers, known.language, known.category) == (120, "de", GAME)
    assert (known.missing_since, gone.missing_since) == (None, NOW + MINUTE)

    # Offline, a platform shows no language. The last one stays.
    assert refresh(day + MINUTE, ChannelFacts("kick:1"), ChannelFacts("kick:2")) == 2
    known, back = Channel.objects.order_by("pk")
    assert (known.subscribers, known.language) == (0, "de")
    assert back.missing_since is None
