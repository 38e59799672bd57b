"""Offers: who earns what, once, within the limits, and not before the delay is over."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from claims.models import Channel, Claim, Entitlement, Offer, OfferUse, Reward
from claims.offers import Earning, UnknownChannel, record_earnings, settle_due_uses
from tests.claims.make_offers import GIFT, NOW, make_offer
from tests.factories import make_account, make_player
from tests.races import races
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def earning(number: int = 1, *, user: str = "kick:7", **fields: Any) -> Earning:
    known = {
        "event_key": f"event {number}",
        "trigger": GIFT,
        "account": user,
        "channel_id": "kick:1",
        "amount": 500,
        "occurred_at": NOW,
        "message_id": f"message {number}",
    }
    return Earning(**{**known, **fields})


@pytest.fixture
def linked() -> None:
    make_account(user_id="7", player=make_player())


@pytest.mark.parametrize(("tier", "is_used"), [("", True), ("mid", True), ("BASIC", False)])
def test_offer_for_a_tier(tier: str, is_used: bool) -> None:
    make_offer(tier=tier)

    assert bool(record_earnings([earning(tier="MID")], now=NOW)) == is_used


@pytest.mark.usefixtures("linked")
def test_earning_is_granted_at_once() -> None:
    offer = make_offer()

    [recorded] = record_earnings([earning()], now=NOW)

    claim = Claim.objects.get()
    assert (claim.status, claim.source, claim.reward_id) == ("GRANTED", "kick_gifts", offer.pk)
    assert recorded.claim is not None
    assert recorded.is_new
    assert Entitlement.objects.get().sku == "ember_cape"
    assert OfferUse.objects.get().outcome == "CLAIMED"


@pytest.mark.usefixtures("linked")
def test_earning_repeated_under_another_message_is_known() -> None:
    make_offer()
    record_earnings([earning()], now=NOW)

    [again] = record_earnings([earning(message_id="a copy")], now=NOW)

    assert not again.is_new
    assert Entitlement.objects.count() == 1


def test_earning_of_an_unlinked_viewer_is_held() -> None:
    make_offer()

    record_earnings([earning()], now=NOW)

    assert Claim.objects.get().hold_reason == "NOT_LINKED"


@pytest.mark.parametrize(
    ("offer", "what"),
    [
        ({"at_least": 501}, {}),
        ({"trigger": "kick_subscriptions:gifter"}, {}),
        ({"channels": ("kick:2",)}, {}),
        ({"starts_at": NOW + timedelta(seconds=1)}, {}),
        ({"ends_at": NOW}, {}),
        ({}, {"account": "kick:1"}),  # the channel's owner
    ],
)
def test_earning_that_no_offer_matches(offer: dict[str, Any], what: dict[str, Any]) -> None:
    make_offer(**offer)

    assert record_earnings([earning(**what)], now=NOW) == []
    assert not OfferUse.objects.exists()


def test_all_offers_that_match_are_used() -> None:
    make_offer(at_least=100)
    make_offer(at_least=500, channels=("kick:1",))

    assert len(record_earnings([earning()], now=NOW)) == 2
    assert Claim.objects.count() == 2


def test_channel_that_is_not_active_is_unknown() -> None:
    make_offer()
    Channel.objects.update(is_active=False)

    with pytest.raises(UnknownChannel):
        record_earnings([earning()], now=NOW)


def test_delay_passes_before_the_claim() -> None:
    make_offer(delay_hours=24)
    [recorded] = record_earnings([earning()], now=NOW)
    early = settle_due_uses(now=NOW + timedelta(hours=23))
    before = Claim.objects.count()

    settled = settle_due_uses(now=NOW + timedelta(hours=24))

    assert recorded.claim is None
    assert (early, before, settled, Claim.objects.count()) == (0, 0, 1, 1)
    assert settle_due_uses(now=NOW + timedelta(hours=25)) == 0


@pytest.mark.parametrize(
    ("limits", "admitted", "reason"),
    [
        ({"limit_per_player": 2}, [1, 2, 4], "PER_PLAYER"),
        ({"limit_per_player_a_day": 1}, [1, 3, 4], "PER_PLAYER_A_DAY"),
        ({"limit_per_channel_a_day": 1}, [1, 3], "PER_CHANNEL_A_DAY"),
        ({"limit_in_all": 1}, [1], "IN_ALL"),
        ({"limit_in_all": 0}, [], "IN_ALL"),
    ],
)
def test_limits(limits: dict[str, int], admitted: list[int], reason: str) -> None:
    offer = make_offer(**limits)
    tomorrow = NOW + timedelta(days=1)
    earnings = [
        earning(1),
        earning(2),
        earning(3, occurred_at=tomorrow),
        earning(4, user="kick:8"),
    ]

    for one in earnings:
        record_earnings([one], now=tomorrow)

    claimed = set(Claim.objects.values_list("pk", flat=True))
    assert claimed == {
        one.claim_id(offer) for one in earnings if int(one.event_key[6:]) in admitted
    }
    refused = OfferUse.objects.filter(outcome="REFUSED")
    assert set(refused.values_list("refusal", flat=True)) == {reason}


def test_limits_hold_within_one_batch() -> None:
    make_offer(limit_in_all=2, delay_hours=1)
    record_earnings([earning(number) for number in range(5)], now=NOW)

    settle_due_uses(now=NOW + timedelta(hours=1))

    assert Claim.objects.count() == 2
    assert OfferUse.objects.filter(outcome="REFUSED").count() == 3


def test_offer_with_no_item_holds_its_claims() -> None:
    make_offer()
    Reward.objects.get().mapping.all().delete()

    record_earnings([earning()], now=NOW)

    assert Claim.objects.get().hold_reason == "UNMAPPED_REWARD"


def test_statements_do_not_depend_on_the_number_of_giftees(
    django_assert_max_num_queries: Any,
) -> None:
    make_offer(trigger="kick_subscriptions:giftee", at_least=1)
    gift = [
        earning(trigger="kick_subscriptions:giftee", amount=1, user=f"kick:{100 + one}")
        for one in range(25)
    ]

    with django_assert_max_num_queries(25):
        record_earnings(gift, now=NOW)

    assert Claim.objects.count() == 25


@pytest.mark.django_db(transaction=True)
def test_race_for_the_last_one_has_one_winner() -> None:
    for number in range(races(100)):
        offer = make_offer(limit_in_all=1)
        acts = [
            partial(record_earnings, [earning(number, user=f"kick:{100 + one}")], now=NOW)
            for one in range(4)
        ]

        at_once(acts)

        assert OfferUse.objects.filter(offer=offer, outcome="CLAIMED").count() == 1
        Offer.objects.update(ends_at=NOW)


@pytest.mark.django_db(transaction=True)
def test_race_of_copies_of_one_event_grants_once() -> None:
    make_account(user_id="7", player=make_player())
    make_offer()
    for number in range(races(100)):
        copies = [[earning(number, message_id=f"copy {copy}")] for copy in range(4)]

        at_once([partial(record_earnings, copy, now=NOW) for copy in copies])

        assert Entitlement.objects.count() == number + 1
