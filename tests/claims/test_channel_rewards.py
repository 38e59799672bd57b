"""Offers' rewards on the platform: made once, kept as the desk has them, taken down in time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.models import Authorization, Purpose
from claims.channel_rewards import leave, offer_again
from claims.models import Channel, ChannelReward, Offer, RewardItem
from claims.source import ListedReward, RewardLook
from tests.claims.make_offers import NOW
from tests.claims.points_platform import (
    CHANNEL,
    PointsPlatform,
    connect,
    keep,
    link,
    make_points_offer,
    reward_states,
    settle,
)
from tests.factories import make_player

pytestmark = pytest.mark.django_db

State = ChannelReward.State
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def platform() -> PointsPlatform:
    connect()
    return PointsPlatform()


def only_reward(platform: PointsPlatform) -> ListedReward:
    (reward,) = platform.rewards.values()
    return reward


def test_a_reward_is_made_once(platform: PointsPlatform) -> None:
    make_points_offer(cost=500, description="An axe", color="#112233", asks_for_text=True)

    assert keep(platform) == 1

    description = "An axe Link your account first: http://localhost:8000/link/"
    look = RewardLook("500 KICKs", 500, description, "#112233", asks_for_text=True)
    assert only_reward(platform).look == look
    platform.calls.clear()
    assert keep(platform, after=MINUTE) == 0
    assert platform.calls == []
    assert keep(platform, after=HOUR) == 0
    assert platform.calls == ["list"]


def test_without_a_connection_nothing_is_made() -> None:
    make_points_offer()
    platform = PointsPlatform()

    assert keep(platform) == 0

    assert platform.calls == []


def test_a_reward_whose_answer_got_lost_is_adopted(platform: PointsPlatform) -> None:
    make_points_offer()
    platform.lose_answers = 1
    with pytest.raises(Exception, match="lost"):
        keep(platform)

    assert keep(platform, after=HOUR) == 1

    assert len(platform.rewards) == 1
    assert ChannelReward.objects.get().external_id in platform.rewards


def test_a_namesake_of_the_streamer_is_left_alone(platform: PointsPlatform) -> None:
    make_points_offer()
    platform.rewards["01THEIRS"] = ListedReward("01THEIRS", RewardLook("500 KICKs", 5))
    platform.foreign.add("01THEIRS")

    assert keep(platform) == 1

    assert len(platform.rewards) == 2
    assert platform.rewards["01THEIRS"].look.cost == 5


def test_a_changed_offer_changes_the_reward(platform: PointsPlatform) -> None:
    make_points_offer()
    keep(platform)
    Offer.objects.update(cost=2000)

    assert keep(platform, after=MINUTE) == 1

    assert only_reward(platform).look.cost == 2000


def test_a_pause_by_the_streamer_stays_until_the_streamer_ends_it(
    platform: PointsPlatform,
) -> None:
    make_points_offer()
    keep(platform)
    reward = only_reward(platform)
    paused = replace(reward, look=replace(reward.look, is_paused=True))
    platform.rewards[reward.reward_id] = paused

    keep(platform, after=HOUR)
    keep(platform, after=2 * HOUR)
    assert only_reward(platform).look.is_paused
    assert ChannelReward.objects.get().is_paused_by_hand

    platform.rewards[reward.reward_id] = reward
    keep(platform, after=3 * HOUR)
    assert not only_reward(platform).look.is_paused
    assert not ChannelReward.objects.get().is_paused_by_hand


def test_a_skipped_queue_is_switched_on_again(platform: PointsPlatform) -> None:
    make_points_offer()
    keep(platform)
    reward = only_reward(platform)
    platform.rewards[reward.reward_id] = replace(reward, skips_queue=True)

    keep(platform, after=HOUR)

    assert not only_reward(platform).skips_queue
    assert ChannelReward.objects.get().skipped_queue_at == NOW + HOUR


def test_a_reward_that_the_streamer_deletes_stays_deleted(platform: PointsPlatform) -> None:
    make_points_offer()
    keep(platform)
    platform.rewards.clear()

    keep(platform, after=HOUR)
    keep(platform, after=2 * HOUR)
    assert platform.rewards == {}
    assert reward_states() == [State.DELETED]

    offer_again(ChannelReward.objects.get())
    keep(platform, after=3 * HOUR)
    assert len(platform.rewards) == 1
    assert reward_states() == [State.LIVE]


def test_a_reached_limit_pauses_the_reward_and_the_next_day_reopens_it(
    platform: PointsPlatform,
) -> None:
    make_points_offer(limit_per_channel_a_day=1)
    keep(platform)
    link(make_player())
    platform.redeem()
    settle(platform, after=MINUTE)

    keep(platform, after=2 * MINUTE)
    assert only_reward(platform).look.is_paused

    connect(now=NOW + DAY)
    keep(platform, after=DAY)
    assert not only_reward(platform).look.is_paused


def test_a_reward_without_an_item_is_paused(platform: PointsPlatform) -> None:
    make_points_offer()
    RewardItem.objects.all().delete()

    keep(platform)

    assert only_reward(platform).look.is_paused


def test_after_the_offer_it_is_paused_and_deleted_when_nothing_is_open(
    platform: PointsPlatform,
) -> None:
    make_points_offer(ends_at=NOW + HOUR)
    keep(platform)
    platform.redeem()
    settle(platform, after=MINUTE)  # not linked, so it waits

    keep(platform, after=HOUR)
    assert only_reward(platform).look.is_paused
    assert reward_states() == [State.LIVE]

    settle(platform, after=DAY + HOUR)
    keep(platform, after=DAY + 2 * HOUR)
    assert platform.rewards == {}
    assert reward_states() == [State.ENDED]


def test_an_offer_for_other_channels_makes_no_reward(platform: PointsPlatform) -> None:
    make_points_offer(channels=("kick:2",))

    assert keep(platform) == 0


def test_leaving_refunds_what_is_open_deletes_the_rewards_and_ends_the_connection(
    platform: PointsPlatform,
) -> None:
    make_points_offer()
    keep(platform)
    platform.redeem()
    settle(platform, after=MINUTE)
    leave(Channel.objects.get(pk=CHANNEL), now=NOW + MINUTE)

    keep(platform, after=2 * MINUTE)
    assert Authorization.objects.filter(purpose=Purpose.CHANNEL).exists()
    settle(platform, after=3 * MINUTE)
    keep(platform, after=4 * MINUTE)

    assert platform.statuses() == ["rejected"]
    assert platform.rewards == {}
    assert not Authorization.objects.exists()
    assert Channel.objects.get().leaving_at is None
