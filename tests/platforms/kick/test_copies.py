"""A second app on Kick replays its valid copies of a partner's events at our webhook."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from claims.models import Claim, Entitlement, OfferUse
from platforms.kick.client import get_kick
from platforms.kick.event_subscriptions import keep_subscriptions
from platforms.kick.models import EventSubscription
from tests.claims.make_offers import NOW, make_offer
from tests.factories import make_account, make_player
from tests.local_kick_process import LocalKick, running_local_kick

pytestmark = pytest.mark.django_db(transaction=True)

STREAMER, VIEWER = 1, 2


@pytest.fixture(scope="module")
def local_kick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKick]:
    with running_local_kick(tmp_path_factory.mktemp("local-kick") / "kick.sqlite3") as running:
        yield running


@pytest.fixture
def kick(local_kick: LocalKick, live_server: Any, settings: Any) -> LocalKick:
    """Both apps send their events to our webhook, and only one of them is ours."""
    settings.KICK_API_URL = settings.KICK_ID_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    local_kick.reset()
    for client_id in ("app", "another"):
        local_kick.register_app(
            client_id=client_id,
            organization=None,
            events_url=f"{live_server.url}/webhooks/kick/events",
        )
    local_kick.make_viewer("streamer", user_id=STREAMER)
    local_kick.make_viewer("viewer", user_id=VIEWER)
    make_account(user_id=str(VIEWER), player=make_player())
    make_offer(at_least=100)
    make_offer(trigger="kick_subscriptions:subscription", at_least=1)
    keep_subscriptions(get_kick().api, now=NOW)
    _subscribe_another_app(local_kick)
    return local_kick


def _subscribe_another_app(kick: LocalKick) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "another",
        "client_secret": "app-secret",
    }
    token = requests.post(f"{kick.url}/oauth/token", data=form, timeout=10).json()["access_token"]
    events = [{"name": one.event, "version": 1} for one in EventSubscription.objects.all()]
    requests.post(
        f"{kick.url}/public/v1/events/subscriptions",
        json={"broadcaster_user_id": STREAMER, "events": events, "method": "webhook"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    ).raise_for_status()


def happen(kick: LocalKick, kind: str, amount: int) -> list[dict[str, Any]]:
    body = {"kind": kind, "channel": STREAMER, "user_id": VIEWER, "amount": amount}
    return list(kick.call("POST", "events", body)["deliveries"])


@pytest.mark.parametrize("fault", ["", "duplicate", "twin"])
def test_copies_of_another_app_grant_nothing(kick: LocalKick, fault: str) -> None:
    if fault:
        kick.set_faults(webhook={fault: 1.0})

    deliveries = happen(kick, "gift_kicks", 500) + happen(kick, "subscribe", 1)

    assert {one["status"] for one in deliveries} == {200}
    assert {one["client_id"] for one in deliveries} == {"app", "another"}
    assert len(deliveries) == (8 if fault else 4)
    assert Entitlement.objects.count() == OfferUse.objects.count() == 2
    assert set(Claim.objects.values_list("status", flat=True)) == {"GRANTED"}


def test_gifts_of_one_viewer_count_each(kick: LocalKick) -> None:
    for _ in range(3):
        happen(kick, "gift_kicks", 500)

    assert Entitlement.objects.count() == 3
