from datetime import timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.pages.drops import SHOWN_AT_MOST, DropState, list_player_drops
from claims.models import Claim, Entitlement
from claims.offers import Earning, record_earnings
from tests.claims.make_offers import GIFT, make_offer
from tests.claims.points_platform import (
    PointsPlatform,
    connect,
    keep,
    link,
    make_points_offer,
    settle,
)
from tests.factories import (
    NOW,
    make_account,
    make_claim,
    make_entitlement,
    make_item,
    make_player,
)

pytestmark = pytest.mark.django_db

Reason = Claim.HoldReason


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Entitlement.Status.GRANTED, DropState.READY),
        (Entitlement.Status.FULFILLED, DropState.DELIVERED),
        (Entitlement.Status.REVOKED, DropState.TAKEN_BACK),
    ],
)
def test_list_player_drops_names_items(status: str, state: DropState) -> None:
    player = make_player()
    make_item(sku="cape", name="Ember Cape")
    make_entitlement(player=player, sku="cape", quantity=3, status=status)
    make_entitlement()

    drops = list_player_drops(player)

    (drop,) = drops
    assert (drop.name, drop.quantity, drop.state, drop.at) == ("Ember Cape", 3, state, NOW)


def test_list_player_drops_of_an_item_that_has_left_the_catalogue_shows_its_sku() -> None:
    player = make_player()
    make_entitlement(player=player, sku="a-lost-thing")

    drops = list_player_drops(player)

    assert drops[0].name == "a-lost-thing"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"hold_reason": Reason.UNCONFIRMED}, DropState.CONFIRMING),
        ({"hold_reason": Reason.UNMAPPED_REWARD}, DropState.PREPARING),
        ({"hold_reason": Reason.PAUSED}, DropState.PAUSED),
        ({"hold_reason": Reason.NOT_LINKED}, DropState.ARRIVING),
    ],
)
def test_list_player_drops_shows_held_claims(fields: dict[str, object], state: DropState) -> None:
    account = make_account(player=make_player())
    claim = make_claim(account=account, **fields)

    drops = list_player_drops(account.player)

    (drop,) = drops
    assert (drop.name, drop.quantity, drop.state, drop.at) == (claim.reward.name, 1, state, NOW)
    assert drop.claim_id == claim.pk


def test_list_player_drops_of_a_reward_that_nobody_knows_has_no_name() -> None:
    account = make_account(player=make_player())
    make_claim(
        account=account,
        campaign_id="unknown",
        reward_id="unknown",
        hold_reason=Reason.UNCONFIRMED,
    )

    drops = list_player_drops(account.player)

    assert [drop.name for drop in drops] == [""]


def test_list_player_drops_leaves_out_another_organizations() -> None:
    account = make_account(player=make_player())
    make_claim(account=account, hold_reason=Reason.NOT_OURS)

    drops = list_player_drops(account.player)

    assert drops == []


def test_list_player_drops_is_newest_first_and_limited(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    account = make_account(player=make_player())
    for number in range(SHOWN_AT_MOST):
        at = NOW - timedelta(hours=2 * number)
        make_entitlement(player=account.player, granted_at=at)
        make_claim(account=account, recorded_at=at - timedelta(hours=1))

    with django_assert_num_queries(6):
        drops = list_player_drops(account.player)

    times = [drop.at for drop in drops]
    assert len(drops) == SHOWN_AT_MOST
    assert times == sorted(times, reverse=True)


def test_hub_shows_drops_in_words(client: Client) -> None:
    account = make_account(player=make_player())
    make_item(sku="cape", name="Ember <Cape>")
    make_entitlement(player=account.player, sku="cape", quantity=2)
    make_claim(
        account=account,
        campaign_id="unknown",
        reward_id="unknown",
        hold_reason=Reason.UNCONFIRMED,
    )
    session = client.session
    session["player_id"] = account.player.pk
    session.save()

    page = client.get("/link/").content.decode()

    assert "Ember &lt;Cape&gt;" in page
    assert "× 2" in page
    assert "Ready – log in to the game" in page
    assert "A reward from Kick" in page
    assert "Checking with Kick" in page


def test_drop_shows_its_steps_with_times() -> None:
    claim = make_claim(status="GRANTED", occurred_at=NOW - timedelta(minutes=1))
    entitlement = make_entitlement(claim=claim, first_listed_at=NOW + timedelta(minutes=2))
    entitlement.status, entitlement.fulfilment_id = "FULFILLED", "login-1"
    entitlement.fulfilled_at = NOW + timedelta(minutes=3)
    entitlement.save()

    (drop,) = list_player_drops(entitlement.player)

    assert [step.label for step in drop.steps] == [
        "Claimed on Kick",
        "Received from Kick",
        "Unlocked in the game",
        "Requested by the game",
        "Delivered",
    ]
    assert [step.at for step in drop.steps] == sorted(step.at for step in drop.steps)


def test_drop_given_by_hand_names_no_platform() -> None:
    claim = make_claim(status="GRANTED", source="manual", path="MANUAL", account=None)
    entitlement = make_entitlement(claim=claim, player=make_player())

    (drop,) = list_player_drops(entitlement.player)

    assert [step.label for step in drop.steps] == ["Given by the studio", "Unlocked in the game"]


def test_item_that_waits_is_shown_with_its_time(client: Client) -> None:
    player = make_player()
    make_account(user_id="7", player=player)
    make_offer(delay_hours=24)
    earning = Earning("event", GIFT, "kick:7", "kick:1", 500, NOW, "message")
    record_earnings([earning], now=NOW)

    [drop] = list_player_drops(player)

    assert (drop.name, drop.state) == ("500 KICKs", DropState.WAITING)
    assert drop.at == NOW + timedelta(hours=24)
    session = client.session
    session["player_id"] = player.pk
    session.save()
    assert "arrives after a waiting time" in client.get("/link/").content.decode()


@pytest.mark.parametrize(
    ("is_linked", "is_manageable", "shown"),
    [
        (False, True, [DropState.CONFIRMING]),
        (True, False, []),
        (True, True, [DropState.READY]),
    ],
)
def test_redemptions_of_channel_points(
    is_linked: bool, is_manageable: bool, shown: list[DropState]
) -> None:
    player = make_player()
    make_points_offer()
    connect()
    platform = PointsPlatform()
    keep(platform)
    platform.redeem(is_manageable=is_manageable)
    if is_linked:
        link(player)
    settle(platform, after=timedelta(minutes=1))
    link(player)

    assert [drop.state for drop in list_player_drops(player)] == shown


def test_refunded_redemption_of_channel_points() -> None:
    player = make_player()
    make_points_offer()
    connect()
    platform = PointsPlatform()
    keep(platform)
    platform.redeem()
    settle(platform, after=timedelta(hours=25))
    link(player)

    (drop,) = list_player_drops(player)

    assert (drop.state, drop.at_label) == (DropState.POINTS_BACK, "Redeemed")
