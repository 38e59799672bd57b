"""The streamer's page: who may connect a channel, and what stays apart from players."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.authorizations import refresh_authorizations
from accounts.connection_checks import Connection, check_connection
from accounts.models import Authorization, Deauthorization, LinkAttempt, PlatformAccount, Purpose
from accounts.platform_login import get_login
from claims.models import Channel, ChannelReward
from tests.accounts.visitor import Visitor, query_of
from tests.claims.make_offers import make_channel
from tests.claims.points_platform import link, make_points_offer
from tests.factories import make_player
from tests.local_kick_process import LocalKick

pytestmark = pytest.mark.django_db

STREAMER = 1
ASKED = "user:read channel:rewards:read channel:rewards:write"


@pytest.fixture
def kick(kick: LocalKick) -> LocalKick:
    kick.register_app(
        client_id=settings.KICK_CLIENT_ID,
        client_secret=settings.KICK_CLIENT_SECRET,
        redirect_uris=[settings.KICK_REDIRECT_URI, settings.KICK_CHANNEL_REDIRECT_URI],
    )
    kick.make_viewer("astra_live", user_id=STREAMER)
    return kick


@pytest.fixture
def client() -> Client:
    return Client()


def leave_for_kick(client: Client) -> dict[str, str]:
    return query_of(client.post("/channel/kick")["Location"])


def allow(kick: LocalKick, query: dict[str, str], **changes: str) -> str:
    """Consent at Kick as the streamer. Returns the path that Kick sends the browser to."""
    names = ("client_id", "redirect_uri", "state", "code_challenge", "scope")
    address = kick.authorize(user_id=STREAMER, **{one: query[one] for one in names} | changes)
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def connect(kick: LocalKick, client: Client) -> Any:
    return client.get(allow(kick, leave_for_kick(client)))


def page(client: Client) -> str:
    return client.get("/channel/").content.decode()


def test_welcome_says_what_is_allowed(client: Client) -> None:
    assert "Connect your channel" in page(client)
    assert client.get("/channel").status_code == 302


def test_partner_connects(kick: LocalKick, client: Client) -> None:
    make_points_offer()

    query = leave_for_kick(client)
    assert query["scope"] == ASKED
    answer = client.get(allow(kick, query))

    assert answer["Location"] == "/channel/"
    assert "Connected to Kick. Everything works." in page(client)
    assert "1000 channel points" in page(client)
    authorization = Authorization.objects.get()
    assert (authorization.account_id, authorization.purpose) == ("kick:1", Purpose.CHANNEL)
    assert authorization.next_refresh_at < timezone.now() + timedelta(hours=2)
    assert PlatformAccount.objects.get().player is None


def test_others_get_no_page_and_their_authorization_is_ended(
    kick: LocalKick, client: Client
) -> None:
    answer = connect(kick, client)

    assert answer.status_code == 403
    assert "isn’t a partner channel" in answer.content.decode()
    assert "Connect your channel" in page(client)
    assert not Authorization.objects.exists()
    assert Deauthorization.objects.get().outcome == "PENDING"


def test_others_who_are_players_keep_their_link(kick: LocalKick, client: Client) -> None:
    link(make_player(), "kick:1")

    connect(kick, client)

    assert not Deauthorization.objects.exists()


def test_unlinking_a_player_leaves_the_channel_connected(
    kick: LocalKick, client: Client, nova: Visitor
) -> None:
    make_channel()
    nova.link("astra_live")
    connect(kick, client)
    assert Authorization.objects.count() == 2

    nova.client.post("/link/unlink")

    assert not Deauthorization.objects.exists()
    assert Authorization.objects.get().purpose == Purpose.CHANNEL


class TestPurpose:
    def test_players_state_connects_no_channel(self, kick: LocalKick, nova: Visitor) -> None:
        make_channel()
        query = nova.leave_for_kick()
        path = allow(kick, query).replace("/link/kick/callback", "/channel/kick/callback")

        answer = nova.client.get(path)

        assert answer.status_code == 400
        assert not Authorization.objects.exists()

    def test_streamers_state_links_no_player(self, kick: LocalKick, nova: Visitor) -> None:
        make_channel()
        query = leave_for_kick(nova.client)
        path = allow(kick, query).replace("/channel/kick/callback", "/link/kick/callback")

        answer = nova.client.get(path, follow=True)

        assert "expired" in answer.content.decode()
        assert not Authorization.objects.exists()
        assert LinkAttempt.objects.count() == 1  # not used up

    def test_state_of_another_browser(self, kick: LocalKick, client: Client) -> None:
        make_channel()
        path = allow(kick, leave_for_kick(client))

        answer = Client().get(path)

        assert answer.status_code == 400
        assert not Authorization.objects.exists()

    def test_session_of_a_player_shows_no_channel(self, nova: Visitor) -> None:
        make_channel()

        assert "Connect your channel" in page(nova.client)


def test_state_works_once(kick: LocalKick, client: Client) -> None:
    make_channel()
    path = allow(kick, leave_for_kick(client))
    client.get(path)

    answer = client.get(path)

    assert answer.status_code == 400
    assert "start again" in answer.content.decode()
    assert answer["Referrer-Policy"] == "strict-origin"


def test_declined(client: Client, kick: LocalKick) -> None:
    query = leave_for_kick(client)

    answer = client.get(f"/channel/kick/callback?error=access_denied&state={query['state']}")

    assert "didn’t allow access" in answer.content.decode()


def test_too_little_allowed(kick: LocalKick, client: Client) -> None:
    make_channel()

    answer = client.get(allow(kick, leave_for_kick(client), scope="user:read"))

    assert answer.status_code == 403
    assert "permissions" in answer.content.decode()
    assert not Authorization.objects.exists()


def test_kick_is_down(kick: LocalKick, client: Client) -> None:
    make_channel()
    path = allow(kick, leave_for_kick(client))
    kick.set_faults(api=[{"path_prefix": "/oauth/token", "status": 503}])

    answer = client.get(path)

    assert answer.status_code == 503
    assert not Authorization.objects.exists()


def test_log_out(kick: LocalKick, client: Client) -> None:
    make_channel()
    connect(kick, client)

    client.post("/channel/logout")

    assert "Connect your channel" in page(client)
    assert Authorization.objects.exists()


def test_disconnect_is_confirmed_and_left_to_the_jobs(kick: LocalKick, client: Client) -> None:
    make_channel()
    connect(kick, client)
    assert "Disconnect" in client.get("/channel/disconnect").content.decode()
    assert Channel.objects.get().leaving_at is None

    client.post("/channel/disconnect")

    assert Channel.objects.get().leaving_at
    assert "Open redemptions are refunded first" in page(client)
    connect(kick, client)
    assert Channel.objects.get().leaving_at is None


def test_reward_is_offered_again_by_its_streamer_only(kick: LocalKick, client: Client) -> None:
    offer = make_points_offer()
    deleted = ChannelReward.State.DELETED
    fields = {"offer": offer, "state": deleted, "external_id": "01R"}
    mine = ChannelReward.objects.create(channel=make_channel(), **fields)
    fields["external_id"] = "01S"
    another = ChannelReward.objects.create(channel=make_channel("kick:2"), **fields)
    connect(kick, client)
    assert "You deleted it on Kick" in page(client)

    for reward in (mine, another):
        client.post(f"/channel/rewards/{reward.pk}")

    mine.refresh_from_db()
    another.refresh_from_db()
    assert (mine.state, another.state) == (ChannelReward.State.WANTED, deleted)


def test_refused_connection_is_shown(kick: LocalKick, client: Client) -> None:
    make_channel()
    connect(kick, client)
    Authorization.objects.update(refused_since=timezone.now())

    assert "Please reconnect" in page(client)


def test_player_whose_channel_consent_replaced_the_players_sees_a_connection(
    kick: LocalKick, client: Client, nova: Visitor
) -> None:
    """Kick doesn't say whether a second consent ends the tokens of the first."""
    make_channel()
    nova.link("astra_live")
    nova.hub()
    kick.set_faults(consent="replaces")
    connect(kick, client)
    player = Authorization.objects.get(purpose=Purpose.PLAYER)
    now = timezone.now() + timedelta(minutes=5)
    login = get_login("kick")
    Authorization.objects.filter(pk=player.pk).update(next_refresh_at=timezone.now())
    refresh_authorizations(login=login, now=timezone.now())
    player.refresh_from_db()
    assert player.refused_since

    assert check_connection(login=login, account=player.account, now=now) == Connection.CONFIRMED

    Authorization.objects.filter(purpose=Purpose.CHANNEL).update(refused_since=now)
    assert check_connection(login=login, account=player.account, now=now) == Connection.REFUSED
