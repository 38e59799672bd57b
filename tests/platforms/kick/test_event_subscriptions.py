"""The keeper of event subscriptions, against a real local Kick."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from claims.models import Channel, Offer
from platforms.kick.client import AppToken
from platforms.kick.event_subscriptions import is_due, keep_subscriptions
from platforms.kick.models import EventSubscription
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.http import new_http
from platforms.kick.protocol.oauth import OAuthClient
from tests.claims.make_offers import make_offer
from tests.local_kick_process import LocalKick, running_local_kick

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture(scope="module")
def local_kick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKick]:
    with running_local_kick(tmp_path_factory.mktemp("local-kick") / "kick.sqlite3") as running:
        yield running


@pytest.fixture
def api(local_kick: LocalKick) -> KickApi:
    local_kick.reset()
    local_kick.register_app()
    app = local_kick.register_app(events_url="http://127.0.0.1:9/webhooks/kick/events")
    assert app["events_url"]
    local_kick.make_viewer("streamer", user_id=1)
    oauth = OAuthClient(
        id_url=local_kick.url, client_id="app", client_secret="app-secret", http=new_http()
    )
    token = AppToken(oauth.client_credentials)
    return KickApi(api_url=local_kick.url, http=new_http(), app_token=token)


def test_missing_subscriptions_are_made_once(api: KickApi) -> None:
    make_offer()
    make_offer(trigger="kick_subscriptions:subscription")

    made = keep_subscriptions(api, now=NOW)
    again = keep_subscriptions(api, now=NOW)

    assert (made, again) == (5, 0)
    listed = {(one.user_id, one.event, one.subscription_id) for one in api.event_subscriptions()}
    stored = EventSubscription.objects.values_list("user_id", "event", "subscription_id")
    assert listed == set(stored)
    assert {event for _, event, _ in listed} == {
        "kicks.gifted",
        "channel.subscription.new",
        "channel.subscription.renewal",
        "livestream.metadata.updated",
        "livestream.status.updated",
    }


def test_lost_subscriptions_are_made_again(api: KickApi, local_kick: LocalKick) -> None:
    make_offer()
    keep_subscriptions(api, now=NOW)
    local_kick.call("DELETE", "subscriptions")

    assert keep_subscriptions(api, now=NOW) == 3
    assert set(EventSubscription.objects.values_list("lost_at", flat=True)) == {NOW}


def test_duplicates_are_ended_and_ours_is_kept(api: KickApi) -> None:
    make_offer()
    api.subscribe(user_id="1", events=["kicks.gifted"])
    api.subscribe(user_id="1", events=["kicks.gifted"])
    keep_subscriptions(api, now=NOW)
    ours = set(EventSubscription.objects.values_list("subscription_id", flat=True))
    api.subscribe(user_id="1", events=["kicks.gifted"])

    assert keep_subscriptions(api, now=NOW) == 1
    assert {one.subscription_id for one in api.event_subscriptions()} == ours


def test_subscriptions_that_no_offer_needs_are_ended_and_others_stay(
    api: KickApi, local_kick: LocalKick
) -> None:
    local_kick.make_viewer("another deployment's streamer", user_id=5)
    api.subscribe(user_id="5", events=["kicks.gifted"])
    make_offer()
    keep_subscriptions(api, now=NOW)
    Offer.objects.update(ends_at=NOW)
    Channel.objects.update(is_active=False)

    changes = keep_subscriptions(api, now=NOW + timedelta(seconds=1))

    assert changes == 3
    assert [one.user_id for one in api.event_subscriptions()] == ["5"]
    assert not EventSubscription.objects.exists()


def test_refused_subscription_is_remembered_with_its_reason(
    api: KickApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_offer()
    with monkeypatch.context() as patch:
        patch.setattr(
            "platforms.kick.event_subscriptions.EVENTS_OF",
            {"kick_gifts:gift": ("channel.raided",)},
        )
        made = keep_subscriptions(api, now=NOW)

    assert made == 2
    refused = EventSubscription.objects.get(event="channel.raided")
    assert refused.error == "unknown event or version"


def test_channel_that_is_not_active_needs_none(api: KickApi) -> None:
    make_offer()
    Channel.objects.update(is_active=False)

    assert keep_subscriptions(api, now=NOW) == 0


def test_kick_is_asked_when_needs_change_and_every_quarter_of_an_hour(api: KickApi) -> None:
    idle = is_due(now=NOW)
    make_offer()
    needed = is_due(now=NOW)
    keep_subscriptions(api, now=NOW)
    done = is_due(now=NOW + timedelta(minutes=14))
    later = is_due(now=NOW + timedelta(minutes=15))
    Channel.objects.update(is_active=False)

    assert (idle, needed, done, later) == (False, True, False, True)
    assert is_due(now=NOW)
