"""Awards beyond one item of a campaign: without a campaign, and with a quantity."""

from datetime import timedelta

import pytest

from accounts.models import PlatformAccount
from claims.catalogue import discover
from claims.ledger import Outcome, heal_claims, reconsider_account
from claims.models import Campaign, CampaignReward, Claim, Reward
from tests.claims.ledger_assertions import owed, receive, record
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_item,
    make_player,
    make_reward,
)

pytestmark = pytest.mark.django_db

HELD = Claim.HoldReason
LATER = NOW + timedelta(hours=1)


# --- Without a campaign ------------------------------------------------------------------------


def test_award_without_a_campaign_is_granted_if_its_reward_is_registered() -> None:
    player = make_player()
    make_account(user_id="7", player=player)
    reward = make_reward(items=[(make_item(sku="cape"), 1)])

    (recorded,) = record(receive(reward_id=reward.reward_id))

    assert (recorded.outcome, recorded.status) == (Outcome.RECORDED, "GRANTED")
    assert Claim.objects.get().campaign_id is None
    assert owed("01K0CLAIM") == [("cape", 1, player.id)]


def test_award_without_a_campaign_is_held_until_its_reward_is_registered() -> None:
    make_account(user_id="7", player=make_player())
    award = receive(reward_id="a-reward", external_id="cape")
    make_item(sku="cape")

    (recorded,) = record(award)
    discover(awards=[award], source="kick_drops", now=NOW)
    heal_claims(now=LATER)

    claim = Claim.objects.get()
    assert recorded.hold_reason == HELD.UNCONFIRMED
    assert (claim.status, claim.granted_at) == ("GRANTED", LATER)
    assert len(owed("01K0CLAIM")) == 1


def test_award_of_a_campaign_needs_its_pair_and_not_only_its_reward() -> None:
    make_account(user_id="7", player=make_player())
    reward = make_reward(items=[(make_item(), 1)])

    record(receive(campaign_id="a-campaign", reward_id=reward.reward_id))

    assert Claim.objects.get().hold_reason == HELD.UNCONFIRMED


def test_award_without_a_campaign_repeated_writes_nothing() -> None:
    reward = make_reward(items=[(make_item(), 1)])
    award = receive(reward_id=reward.reward_id)
    record(award)

    (again,) = record(award)

    assert (again.outcome, again.hold_reason) == (Outcome.KNOWN, HELD.NOT_LINKED)


def test_award_repeated_without_its_campaign_differs() -> None:
    campaign = make_campaign()
    record(receive(campaign))

    (again,) = record(receive(reward_id=campaign.rewards.get().reward_id))

    assert again.outcome == Outcome.DIFFERS
    assert Claim.objects.get().campaign == campaign


def test_discover_registers_a_reward_without_a_campaign_once() -> None:
    awards = [
        receive(claim_id="a", reward_id="r", external_id="cape"),
        receive(claim_id="b", reward_id="r", external_id="cape"),
        receive(claim_id="c", reward_id="r", external_id="cape", campaign_id="k"),
    ]
    make_item(sku="cape")

    registered = discover(awards=awards, source="made_up", now=NOW)
    again = discover(awards=awards, source="made_up", now=LATER)

    assert (registered, again) == (2, 0)
    reward = Reward.objects.get()
    assert (reward.source, reward.created_at, reward.first_mapped_at) == ("made_up", NOW, NOW)
    assert [row.item.sku for row in reward.mapping.all()] == ["cape"]
    assert list(Campaign.objects.values_list("pk", "source")) == [("k", "made_up")]
    assert CampaignReward.objects.count() == 1


# --- With a quantity ---------------------------------------------------------------------------


def test_quantity_multiplies_each_item_of_the_reward() -> None:
    player = make_player()
    make_account(user_id="7", player=player)
    reward = make_reward(items=[(make_item(sku="banner"), 1), (make_item(sku="gems"), 500)])

    record(receive(reward_id=reward.reward_id, quantity=3))

    assert Claim.objects.get().quantity == 3
    assert owed("01K0CLAIM") == [("banner", 3, player.id), ("gems", 1500, player.id)]


def test_quantity_of_a_held_claim_counts_once_it_is_granted() -> None:
    reward = make_reward(items=[(make_item(sku="gems"), 10)])
    record(receive(reward_id=reward.reward_id, quantity=3))
    player = make_player()
    PlatformAccount.objects.update(player=player, linked_at=NOW)

    reconsider_account(account_id="kick:7", now=LATER)

    assert owed("01K0CLAIM") == [("gems", 30, player.id)]


def test_award_repeated_with_another_quantity_differs() -> None:
    make_account(user_id="7", player=make_player())
    reward = make_reward(items=[(make_item(), 1)])
    record(receive(reward_id=reward.reward_id, quantity=3))

    for path in (Claim.Path.WEBHOOK, Claim.Path.SYNC):
        (again,) = record(receive(reward_id=reward.reward_id, quantity=4), path=path)
        assert again.outcome == Outcome.DIFFERS

    assert [quantity for _, quantity, _ in owed("01K0CLAIM")] == [3]


def test_quantity_from_the_api_replaces_that_of_a_held_claim() -> None:
    reward = make_reward(items=[(make_item(), 1)])
    record(receive(reward_id=reward.reward_id, quantity=3))

    (again,) = record(receive(reward_id=reward.reward_id, quantity=4), path=Claim.Path.SYNC)

    assert again.outcome == Outcome.CHANGED
    assert Claim.objects.get().quantity == 4
