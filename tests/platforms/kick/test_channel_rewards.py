"""Channel rewards and redemptions at a local Kick: the real wire, tokens and events."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.utils import timezone

from accounts.channels import connect_channel
from accounts.links import NewAuthorization
from accounts.models import Authorization, Purpose
from accounts.platform_login import get_login
from claims.channel_rewards import keep_rewards
from claims.models import (
    Channel,
    ChannelReward,
    Claim,
    Entitlement,
    OfferUse,
    Redemption,
    StreamSpan,
)
from claims.redemptions import settle_redemptions
from claims.source import (
    ChannelFacts,
    ChannelRewardSource,
    all_stream_readers,
    channel_reward_sources,
    get_channel_reader,
    search_categories,
)
from claims.streams import watch_channels
from core.leases import lease
from core.platform_errors import PlatformError
from platforms.kick.client import get_kick
from platforms.kick.event_subscriptions import keep_subscriptions
from platforms.kick.protocol.oauth import challenge_of
from tests.claims.points_platform import make_points_offer
from tests.factories import NOW, make_account, make_player
from tests.local_kick_process import LocalKick, running_local_kick

pytestmark = pytest.mark.django_db(transaction=True)

STREAMER, VIEWER, GUEST = 1, 2, 3


@pytest.fixture(scope="module")
def local_kick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKick]:
    with running_local_kick(tmp_path_factory.mktemp("local-kick") / "kick.sqlite3") as running:
        yield running


@pytest.fixture
def kick(local_kick: LocalKick, live_server: Any, settings: Any) -> LocalKick:
    """With a connected channel, an offer in it, and its reward."""
    settings.KICK_API_URL = settings.KICK_ID_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    settings.KICK_REQUESTS_PER_MINUTE = 6000
    local_kick.reset()
    for client_id in ("app", "another"):
        local_kick.register_app(
            client_id=client_id,
            organization=None,
            redirect_uris=[settings.KICK_CHANNEL_REDIRECT_URI],
            events_url=f"{live_server.url}/webhooks/kick/events",
        )
    for user_id, name in ((STREAMER, "streamer"), (VIEWER, "viewer"), (GUEST, "guest")):
        local_kick.make_viewer(name, user_id=user_id)
    make_account(user_id=str(VIEWER), player=make_player())
    make_points_offer(limit_per_player=1)
    connect(local_kick, settings)
    keep_subscriptions(get_kick().api, now=timezone.now())
    keep()
    return local_kick


def source() -> ChannelRewardSource:
    (found,) = channel_reward_sources()
    return found


def connect(kick: LocalKick, settings: Any, *, scope: str = "") -> None:
    login, verifier = get_login("kick"), "v" * 43
    redirect_uri = settings.KICK_CHANNEL_REDIRECT_URI
    address = kick.authorize(
        client_id="app",
        user_id=STREAMER,
        redirect_uri=redirect_uri,
        state="s",
        code_challenge=challenge_of(verifier),
        scope=scope or "user:read channel:rewards:read channel:rewards:write",
    )
    code = parse_qs(urlsplit(address).query)["code"][0]
    now = timezone.now()
    tokens = login.exchange_code(code=code, verifier=verifier, purpose=Purpose.CHANNEL)
    connect_channel(
        account_key=f"kick:{STREAMER}",
        name="streamer",
        authorization=NewAuthorization(tokens, checked_at=now),
        now=now,
    )


def keep() -> None:
    with lease("keep", clock=timezone.now, is_urgent=True) as held:
        assert held
        keep_rewards(source=source(), clock=timezone.now, held=held)


def settle() -> None:
    ChannelReward.objects.update(listed_at=None)
    Redemption.objects.open().update(next_attempt_at=NOW)
    with lease("settle", clock=timezone.now, is_urgent=True) as held:
        assert held
        settle_redemptions(source=source(), clock=timezone.now, held=held)


def reward_of(kick: LocalKick) -> dict[str, Any]:
    (reward,) = kick.call("GET", "rewards")["rewards"]
    return dict(reward)


def redeem(kick: LocalKick, user_id: int = VIEWER) -> dict[str, Any]:
    body = {"reward": reward_of(kick)["id"], "user_id": user_id}
    return dict(kick.call("POST", "redemptions", body))


def dump(kick: LocalKick) -> tuple[list[str], list[int]]:
    """The statuses of redemptions, and the points of each viewer."""
    found = kick.call("GET", "dump/redemptions")
    statuses = [one["status"] for one in found["redemptions"]]
    return statuses, [one["points"] for one in found["balances"]]


def test_reward_has_what_the_offer_says(kick: LocalKick) -> None:
    reward = reward_of(kick)

    assert (reward["title"], reward["cost"], reward["client_id"]) == ("500 KICKs", 1000, "app")
    assert not reward["skip_queue"]


@pytest.mark.parametrize("events_arrive", [True, False])
def test_redemption_is_granted_and_accepted(kick: LocalKick, events_arrive: bool) -> None:
    if not events_arrive:
        kick.set_faults(webhook={"drop": 1.0})
    redeemed = redeem(kick)
    assert Redemption.objects.exists() == events_arrive

    settle()

    assert dump(kick) == (["accepted"], [9000])
    assert Entitlement.objects.get().claim_id == f"kick_channel_rewards:{redeemed['redemption']}"


def test_over_the_limit_the_points_come_back(kick: LocalKick) -> None:
    redeem(kick)
    redeem(kick)

    settle()

    assert dump(kick) == (["accepted", "rejected"], [9000])
    assert Entitlement.objects.count() == 1


def test_copies_of_another_app_grant_nothing(kick: LocalKick) -> None:
    """It has subscribed to the same channel, and sends its copies to our webhook."""
    form = {
        "grant_type": "client_credentials",
        "client_id": "another",
        "client_secret": "app-secret",
    }
    token = requests.post(f"{kick.url}/oauth/token", data=form, timeout=10).json()["access_token"]
    requests.post(
        f"{kick.url}/public/v1/events/subscriptions",
        json={
            "broadcaster_user_id": STREAMER,
            "events": [{"name": "channel.reward.redemption.updated", "version": 1}],
            "method": "webhook",
        },
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    ).raise_for_status()
    kick.set_faults(webhook={"twin": 1.0})

    deliveries = redeem(kick)["deliveries"]
    settle()
    settle()

    assert {one["status"] for one in deliveries} == {200}
    assert len(deliveries) == 4
    assert len({one["message_id"] for one in deliveries}) == 4
    assert Claim.objects.count() == Entitlement.objects.count() == Redemption.objects.count() == 1
    assert dump(kick) == (["accepted"], [9000])


@pytest.mark.parametrize("fault", [{"truncate": True}, {"status": 500}])
def test_lost_answer_to_the_acceptance(kick: LocalKick, fault: dict[str, Any]) -> None:
    path = "/public/v1/channels/rewards/redemptions/accept"
    kick.set_faults(api=[{"path_prefix": path, "count": 1, **fault}])
    redeem(kick)
    with pytest.raises(PlatformError):
        settle()
    assert Redemption.objects.get().state == Redemption.State.ACCEPTING

    settle()

    assert dump(kick) == (["accepted"], [9000])
    assert Redemption.objects.get().state == Redemption.State.ACCEPTED
    assert Entitlement.objects.count() == 1


@pytest.mark.parametrize(("accept", "points"), [(True, 9000), (False, 10_000)])
def test_answered_by_the_streamers_hand(kick: LocalKick, accept: bool, points: int) -> None:
    redeemed = redeem(kick)
    body = {"redemption": redeemed["redemption"], "accept": accept}
    kick.call("PATCH", "redemptions", body)

    settle()

    assert dump(kick)[1] == [points]
    assert Entitlement.objects.exists() == accept
    assert Redemption.objects.get().state == ("ACCEPTED" if accept else "REJECTED")


def test_banned_viewer_gets_the_points_back(kick: LocalKick) -> None:
    body = {"kind": "ban", "channel": STREAMER, "user_id": VIEWER}
    (delivery,) = kick.call("POST", "events", body)["deliveries"]
    assert delivery["status"] == 200
    redeem(kick)

    settle()

    assert dump(kick) == (["rejected"], [10_000])
    assert OfferUse.objects.get().refusal == OfferUse.Refusal.BANNED


def test_skipped_queue(kick: LocalKick) -> None:
    body = {"reward": reward_of(kick)["id"], "skip_queue": True}
    kick.call("PATCH", "rewards", body)
    assert redeem(kick)["status"] == "accepted"

    settle()
    ChannelReward.objects.update(checked_at=None)
    keep()

    assert Entitlement.objects.count() == 1
    assert not reward_of(kick)["skip_queue"]
    assert ChannelReward.objects.get().skipped_queue_at


def test_deleted_reward_is_settled_and_stays_deleted(kick: LocalKick) -> None:
    redeem(kick)
    kick.call("PATCH", "rewards", {"reward": reward_of(kick)["id"], "delete": True})
    ChannelReward.objects.update(checked_at=None)
    keep()

    settle()

    assert ChannelReward.objects.get().state == ChannelReward.State.DELETED
    assert dump(kick) == (["accepted"], [9000])


def test_more_viewers_than_a_call_takes_wait_for_a_link(kick: LocalKick) -> None:
    for number in range(30):
        redeem(kick, kick.make_viewer(f"crowd-{number}"))

    settle()

    # Not linked: they wait, and nothing is granted.
    assert set(OfferUse.objects.values_list("outcome", flat=True)) == {"OPEN"}
    assert OfferUse.objects.count() == 30


def test_token_without_the_scope(kick: LocalKick, settings: Any) -> None:
    connect(kick, settings, scope="user:read")
    redeem(kick)

    settle()

    assert "403" in ChannelReward.objects.get().error
    assert dump(kick) == (["pending"], [9000])

    connect(kick, settings)
    settle()
    assert dump(kick) == (["accepted"], [9000])


def test_revoked_token_is_renewed_by_the_job(kick: LocalKick) -> None:
    redeem(kick)
    kick.call("POST", "disconnect", {"user_id": STREAMER, "client_id": "app"})

    settle()

    authorization = Authorization.objects.get(purpose=Purpose.CHANNEL)
    assert authorization.next_refresh_at <= timezone.now()
    assert dump(kick) == (["pending"], [9000])
    assert not Claim.objects.exists()


def test_going_live_shows_on_the_board(kick: LocalKick) -> None:
    readers = all_stream_readers()
    body = {"channel": STREAMER, "category": "Skyfall"}

    deliveries = kick.call("POST", "streams", body)["deliveries"]

    assert [one["status"] for one in deliveries] == [200, 200]
    assert Channel.objects.get().streams_checked_at is None
    watch_channels(platform="kick", reader=readers["kick"], now=timezone.now())
    span = StreamSpan.objects.get()
    assert (span.category, span.is_on_air) == ("Skyfall", True)

    kick.call("DELETE", "streams", {"channel": STREAMER})
    watch_channels(platform="kick", reader=readers["kick"], now=timezone.now())
    assert not StreamSpan.objects.get().is_on_air


def test_facts_of_a_channel(kick: LocalKick) -> None:
    kick.call("POST", "streams", {"channel": STREAMER, "category": "Skyfall"})
    reader = get_channel_reader("kick")
    assert reader

    (facts,) = reader([f"kick:{STREAMER}", "kick:999"])

    assert facts == ChannelFacts(f"kick:{STREAMER}", STREAMER, "en", "Skyfall")


def test_categories_are_found_by_name(kick: LocalKick) -> None:
    kick.call("POST", "streams", {"channel": STREAMER, "category": "Starfall Online"})

    assert search_categories("kick", "starfall") == ["Starfall Online"]
    assert search_categories("kick", "nothing like it") == []
