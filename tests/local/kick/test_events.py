"""Event subscriptions and events of the local Kick."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from platforms.kick.protocol.events import EVENT_TYPES, parse_event
from platforms.kick.protocol.signatures import load_public_key, verify
from tests.local.kick.receiver import Receiver, running_receiver
from tests.local_kick_process import ControlError, LocalKick

STREAMER, VIEWER, FRIEND = 1, 2, 3


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def kick(local_kick: LocalKick, receiver: Receiver) -> LocalKick:
    local_kick.register_app(events_url=receiver.url)
    for user_id, name in ((STREAMER, "streamer"), (VIEWER, "viewer"), (FRIEND, "friend")):
        local_kick.make_viewer(name, user_id=user_id)
    return local_kick


def app_token(kick: LocalKick, client_id: str = "app") -> dict[str, str]:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": "app-secret",
    }
    token = requests.post(f"{kick.url}/oauth/token", data=form, timeout=10).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def subscriptions(kick: LocalKick, method: str, **request: Any) -> requests.Response:
    headers = request.pop("headers", None) or app_token(kick)
    url = f"{kick.url}/public/v1/events/subscriptions"
    return requests.request(method, url, headers=headers, timeout=10, **request)


def subscribe(kick: LocalKick, *events: str, **request: Any) -> list[dict[str, Any]]:
    body = {
        "broadcaster_user_id": STREAMER,
        "events": [{"name": event, "version": 1} for event in events],
        "method": "webhook",
    }
    return list(subscriptions(kick, "POST", json=body, **request).json()["data"])


def happen(kick: LocalKick, kind: str, **fields: Any) -> list[dict[str, Any]]:
    body = {"kind": kind, "channel": STREAMER, "user_id": VIEWER, **fields}
    return list(kick.call("POST", "events", body)["deliveries"])


def test_subscriptions_are_listed_and_ended(kick: LocalKick) -> None:
    made = subscribe(kick, "kicks.gifted", "channel.followed", "channel.raided")
    listed = subscriptions(kick, "GET").json()["data"]

    ended = subscriptions(kick, "DELETE", params={"id": listed[0]["id"]})

    assert [("error" in one) for one in made] == [False, False, True]
    assert [one["id"] for one in listed] == [one["subscription_id"] for one in made[:2]]
    assert ended.status_code == 204
    assert len(subscriptions(kick, "GET").json()["data"]) == 1


def test_duplicates_are_allowed(kick: LocalKick) -> None:
    subscribe(kick, "kicks.gifted")
    subscribe(kick, "kicks.gifted")

    assert len(happen(kick, "gift_kicks", amount=5)) == 2


def test_subscribing_needs_a_token_and_events_switched_on(kick: LocalKick) -> None:
    without_token = subscriptions(kick, "GET", headers={"Authorization": "Bearer no"})
    kick.register_app(events_url="")
    body = {"broadcaster_user_id": STREAMER, "events": [{}], "method": "webhook"}
    switched_off = subscriptions(kick, "POST", json=body)

    assert (without_token.status_code, switched_off.status_code) == (401, 400)


def test_switching_events_off_ends_subscriptions(kick: LocalKick, receiver: Receiver) -> None:
    subscribe(kick, "kicks.gifted")
    kick.register_app(events_url="")
    kick.register_app(events_url=receiver.url)

    assert subscriptions(kick, "GET").json()["data"] == []


@pytest.mark.parametrize(
    ("kind", "fields", "event"),
    [
        ("gift_kicks", {"amount": 500}, "kicks.gifted"),
        ("subscribe", {"amount": 1}, "channel.subscription.new"),
        ("subscribe", {"amount": 3}, "channel.subscription.renewal"),
        ("gift_subscriptions", {"giftees": [FRIEND]}, "channel.subscription.gifts"),
        (
            "gift_subscriptions",
            {"giftees": [FRIEND], "user_id": None},
            "channel.subscription.gifts",
        ),
    ],
)
def test_event_is_signed_and_readable(
    kick: LocalKick, receiver: Receiver, kind: str, fields: dict[str, Any], event: str
) -> None:
    subscribe(kick, *EVENT_TYPES)

    [delivered] = happen(kick, kind, **fields)

    [delivery] = receiver.deliveries()
    key = requests.get(f"{kick.url}/public/v1/public-key", timeout=10).json()["data"]["public_key"]
    assert verify(load_public_key(key), delivery)
    assert (delivered["event"], delivery.event_type, delivery.event_version) == (event, event, "1")
    parsed = parse_event(delivery.body, event_type=event, version="1")
    assert parsed.broadcaster.user_id == str(STREAMER)


def test_twin_has_another_message_id(kick: LocalKick, receiver: Receiver) -> None:
    subscribe(kick, "kicks.gifted")
    kick.set_faults(webhook={"twin": 1.0})

    happen(kick, "gift_kicks", amount=500)

    first, second = receiver.deliveries()
    assert json.loads(first.body) == json.loads(second.body)
    assert first.message_id != second.message_id


def test_second_app_receives_a_copy(kick: LocalKick) -> None:
    """With it, anyone can hold signed events of our partners."""
    kick.register_app(client_id="other", organization=None, events_url="http://127.0.0.1:9/")
    subscribe(kick, "kicks.gifted")
    subscribe(kick, "kicks.gifted", headers=app_token(kick, "other"))

    deliveries = happen(kick, "gift_kicks", amount=500)

    assert {one["client_id"] for one in deliveries} == {"app", "other"}
    assert len({one["signature"] for one in deliveries}) == 2


@pytest.mark.parametrize(
    "fields",
    [{"amount": 0}, {"channel": 99}, {"user_id": 99}, {"kind": "raid"}],
)
def test_impossible_event_is_refused(kick: LocalKick, fields: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        happen(kick, **{"kind": "gift_kicks", "amount": 1} | fields)


def test_page_gifts_kicks(kick: LocalKick, receiver: Receiver) -> None:
    subscribe(kick, "kicks.gifted")
    browser = requests.Session()
    who = browser.get(f"{kick.url}/channels", timeout=10)
    token = browser.cookies["local_kick_csrf"]
    form = {"csrfmiddlewaretoken": token, "user_id": str(VIEWER), "next": "/channels"}
    page = browser.post(f"{kick.url}/sign-in", data=form, timeout=10)

    done = browser.post(
        f"{kick.url}/channels/{STREAMER}/gift-kicks",
        data={"csrfmiddlewaretoken": token, "amount": "500"},
        timeout=10,
    )

    assert "What you do in a channel" in who.text
    assert "streamer" in page.text
    assert "Kick sent kicks.gifted: answered 200" in done.text
    assert len(receiver.requests) == 1
