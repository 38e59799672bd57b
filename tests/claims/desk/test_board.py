"""The live board of partner channels."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from claims.desk.board import AirState, read_board
from claims.models import Channel, StreamSpan
from tests.claims.make_offers import make_channel
from tests.factories import NOW, make_campaign

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def on_air(number: int, *, category: str = "Starfall Online") -> Channel:
    channel = make_channel(f"kick:{number}")
    Channel.objects.filter(pk=channel.pk).update(streams_checked_at=NOW, name=f"astra {number}")
    StreamSpan.objects.create(
        channel=channel,
        category=category,
        started_at=NOW - 9 * MINUTE,
        began_at=NOW - 9 * MINUTE,
        ended_at=NOW,
        viewers=42,
    )
    return channel


def states() -> list[tuple[str, str]]:
    return [(line.channel.pk, line.state) for line in read_board(now=NOW)]


def test_states() -> None:
    make_campaign(starts_at=NOW - 5 * MINUTE, ends_at=NOW + MINUTE)
    on_air(1, category="Just Chatting")
    on_air(2)
    offline = make_channel("kick:3")
    Channel.objects.filter(pk=offline.pk).update(streams_checked_at=NOW)
    make_channel("kick:4")

    assert states() == [
        ("kick:2", AirState.ON_AIR),
        ("kick:1", AirState.WRONG_CATEGORY),
        ("kick:3", AirState.OFFLINE),
        ("kick:4", AirState.UNKNOWN),
    ]
    minutes = {line.channel.pk: [m for _, m in line.minutes] for line in read_board(now=NOW)}
    assert minutes == {"kick:1": [0], "kick:2": [5], "kick:3": [0], "kick:4": [0]}


def test_without_a_campaign_no_category_is_wrong() -> None:
    on_air(1, category="Just Chatting")
    make_campaign(channels=["someone else"], starts_at=NOW - MINUTE, ends_at=NOW + MINUTE)

    assert states() == [("kick:1", AirState.ON_AIR)]


def test_cost_does_not_grow_with_the_channels() -> None:
    make_campaign(starts_at=NOW - MINUTE, ends_at=NOW + MINUTE)
    costs = []
    for number in range(1, 4):
        on_air(number)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read_board(now=NOW)
        costs.append(len(queries))

    assert len(set(costs)) == 1


def test_page(admin_client: Client) -> None:
    on_air(1)

    for name in ("board", "board_lines"):
        page = admin_client.get(reverse(f"desk:{name}")).content.decode()
        assert "astra 1" in page
        assert "Starfall Online" in page


def test_empty_page(admin_client: Client) -> None:
    assert "No partner channels yet" in admin_client.get(reverse("desk:board")).content.decode()
