"""“Check for missing drops”: one player's claims, asked of the platform now."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client

from accounts.models import Player
from accounts.pages.sessions import PLAYER_KEY
from claims.models import Claim, Entitlement, PlayerSync
from claims.player_sync import sync_player
from core.slots import OUTSIDE_CALLS, Busy
from platforms.kick.client import get_kick
from tests.claims.kick_claims import claims_at_kick
from tests.factories import make_account, make_campaign, make_item, make_player, make_reward
from tests.hand_clock import HandClock
from tests.local_kick_process import LocalKick
from tests.threads import at_once

pytestmark = pytest.mark.django_db

CLAIMS = "/public/v1/drops/claims"


@pytest.fixture
def kick(local_kick: LocalKick, settings: Any) -> LocalKick:
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    get_kick()
    return local_kick


@pytest.fixture
def lost(kick: LocalKick) -> dict[str, Any]:
    """A claim at Kick that never reached us. Its reward is mapped."""
    (claim,) = claims_at_kick(kick, count=1)
    reward = make_reward(reward_id=claim["reward_id"], items=[(make_item(sku="cape"), 1)])
    make_campaign(campaign_id=claim["campaign_id"], rewards=[reward])
    return claim


def player_of(claim: dict[str, Any]) -> Player:
    player = make_player(game_account_id="hero-7")
    make_account(user_id=str(claim["user_id"]), player=player, name="night_owl")
    return player


def asked(kick: LocalKick) -> int:
    return sum(request["path"].startswith(CLAIMS) for request in kick.requests())


def test_missing_claim_is_recorded_and_granted(lost: dict[str, Any]) -> None:
    player = player_of(lost)

    result = sync_player(player=player, clock=HandClock())

    (account,) = result.accounts
    assert (account.found, account.recorded, account.granted, account.error) == (1, 1, 1, "")
    assert Entitlement.objects.get().player == player
    assert result.is_new


def test_claims_of_others_are_neither_counted_nor_given(kick: LocalKick) -> None:
    claims_at_kick(kick, count=3)
    player = make_player()
    make_account(player=player)

    (account,) = sync_player(player=player, clock=HandClock()).accounts

    assert (account.found, account.recorded) == (0, 0)
    assert not Entitlement.objects.exists()


def test_repeat_within_a_minute_returns_the_last_result(
    kick: LocalKick, lost: dict[str, Any]
) -> None:
    player, clock = player_of(lost), HandClock()
    first = sync_player(player=player, clock=clock)
    clock.advance(timedelta(seconds=50))
    before = asked(kick)

    again = sync_player(player=player, clock=clock)

    assert asked(kick) == before
    assert (again.is_new, again.retry_after) == (False, 10)
    assert again.accounts == first.accounts
    assert again.ended_at == first.ended_at
    clock.advance(timedelta(seconds=10))
    assert sync_player(player=player, clock=clock).is_new


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_at_once_ask_once(kick: LocalKick, lost: dict[str, Any]) -> None:
    player, clock = player_of(lost), HandClock()
    before = asked(kick)

    results = at_once([partial(sync_player, player=player, clock=clock) for _ in range(8)])

    assert sum(result.is_new for result in results) == 1
    assert asked(kick) - before == 1
    assert Entitlement.objects.count() == 1


def test_platform_that_fails_is_named_and_nothing_is_lost(
    kick: LocalKick, lost: dict[str, Any]
) -> None:
    kick.set_faults(api={"path_prefix": CLAIMS, "status": 503})

    (account,) = sync_player(player=player_of(lost), clock=HandClock()).accounts

    assert account.error
    assert not Claim.objects.exists()


def test_player_without_a_link_asks_no_one(kick: LocalKick) -> None:
    result = sync_player(player=make_player(), clock=HandClock())

    assert result.accounts == []
    assert asked(kick) == 0


# --- For game servers --------------------------------------------------------------------------


def post(api: Client, game_account_id: str) -> Any:
    return api.post(
        "/api/v1/players/sync", {"game_account_id": game_account_id}, "application/json"
    )


def test_server_gets_the_result_and_what_is_owed(api: Client, lost: dict[str, Any]) -> None:
    player_of(lost)

    answer = post(api, "hero-7").json()

    (account,) = answer["accounts"]
    assert (account["outcome"], account["found"], account["granted"]) == ("synced", 1, 1)
    assert [one["sku"] for one in answer["entitlements"]] == ["cape"]
    assert answer["is_new"]
    assert not post(api, "hero-7").json()["is_new"]


def test_limited_key_sees_only_its_category(make_client: Any, lost: dict[str, Any]) -> None:
    player_of(lost)

    answer = post(make_client("Another game"), "hero-7").json()

    assert answer["entitlements"] == []


def test_unknown_player_is_no_error(api: Client, kick: LocalKick) -> None:
    answer = post(api, "nobody")

    assert answer.status_code == 200
    assert answer.json()["accounts"] == []
    assert not PlayerSync.objects.exists()


def test_call_while_all_slots_are_taken_is_told_to_retry(api: Client) -> None:
    make_player(game_account_id="hero-7")
    held = []
    try:
        while True:
            slot = OUTSIDE_CALLS.taken()
            slot.__enter__()
            held.append(slot)
    except Busy:
        answer = post(api, "hero-7")
    finally:
        for slot in held:
            slot.__exit__(None, None, None)

    assert answer.status_code == 503
    assert answer["Retry-After"] == "2"
    assert not PlayerSync.objects.exists()


# --- For players -------------------------------------------------------------------------------


@pytest.fixture
def logged_in(client: Client) -> Any:
    def log_in(player: Player) -> Client:
        session = client.session
        session[PLAYER_KEY] = player.pk
        session.save()
        return client

    return log_in


def check(client: Client) -> str:
    return client.post("/link/sync", follow=True).content.decode()


def test_player_is_told_what_was_found(logged_in: Any, lost: dict[str, Any]) -> None:
    client = logged_in(player_of(lost))

    first = check(client)
    PlayerSync.objects.update(started_at="2020-01-01T00:00:00Z")
    second = check(client)

    assert "Found 1 drop that we didn’t have yet" in first
    assert "Kick shows 1 claim by <bdi>night_owl</bdi> for this game, and we have it." in second
    assert "Found 1 drop" not in client.get("/link/").content.decode()


def test_player_without_claims_is_told_so(logged_in: Any, kick: LocalKick) -> None:
    player = make_player()
    make_account(player=player, name="night_owl")

    assert "Kick shows no claim by <bdi>night_owl</bdi>" in check(logged_in(player))


def test_player_is_told_when_kick_fails(
    logged_in: Any, kick: LocalKick, lost: dict[str, Any]
) -> None:
    kick.set_faults(api={"path_prefix": CLAIMS, "status": 503})

    assert "couldn’t be asked about <bdi>night_owl</bdi>" in check(logged_in(player_of(lost)))


def test_visitor_without_a_login_is_sent_to_the_hub(client: Client) -> None:
    assert client.post("/link/sync")["Location"] == "/link/"
    assert client.get("/link/sync").status_code == 405
