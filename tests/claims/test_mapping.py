"""Mapping rewards to items, the only way to write `RewardItem`."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from claims import mapping
from claims.mapping import list_unmapped_rewards, map_rewards, preview_mapping
from claims.models import BulkJob, Reward
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_claim,
    make_item,
    make_player,
    make_reward,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def reward():
    """An unmapped reward. Two claims of linked viewers wait for it, and one of another viewer."""
    reward = make_reward(name="Mystery box")
    campaign = make_campaign(rewards=[reward])
    for player in (make_player(), make_player(), None):
        make_claim(
            campaign=campaign,
            account=make_account(player=player),
            hold_reason="UNMAPPED_REWARD",
            first_hold_reason="UNMAPPED_REWARD",
        )
    return reward


def map_to(reward, items, **others):
    (mapped,) = map_rewards({reward.pk: items}, actor="ada", now=NOW, **others)
    return mapped


def mapped_to(reward):
    return dict(reward.mapping.values_list("item__sku", "quantity"))


def test_map_rewards_notes_the_first_time_only(reward):
    map_to(reward, {make_item(): 1})
    (again,) = map_rewards({reward.pk: {make_item(): 1}}, actor="ada", now=NOW + timedelta(hours=1))

    assert Reward.objects.get().first_mapped_at == NOW
    assert len(again.before) == len(again.after) == 1


def test_map_rewards_replaces_the_items():
    cape, dust, blade = (make_item(sku=sku) for sku in ("cape", "dust", "blade"))
    reward = make_reward(items=[(cape, 1), (dust, 5)])
    other = make_reward(items=[(cape, 1)])

    mapped = map_to(reward, {dust: 7, blade: 1})

    assert (mapped.before, mapped.after) == ({"cape": 1, "dust": 5}, {"dust": 7, "blade": 1})
    assert mapped_to(reward) == {"dust": 7, "blade": 1}
    assert mapped_to(other) == {"cape": 1}


def test_map_rewards_to_no_items_clears_the_mapping_and_keeps_its_date():
    reward = make_reward(items=[(make_item(), 1)], first_mapped_at=NOW - timedelta(days=1))

    mapped = map_to(reward, {})

    assert mapped_to(reward) == {}
    assert mapped.job is None
    assert Reward.objects.get().first_mapped_at == NOW - timedelta(days=1)


def test_map_rewards_creates_a_job_for_the_claims_that_waited(reward):
    mapped = map_to(reward, {make_item(): 1})

    job = BulkJob.objects.get()
    assert mapped.job == job
    assert (job.kind, job.reward_id, job.actor, job.total) == ("GRANT_MAPPED", reward.pk, "ada", 3)


def test_map_rewards_without_waiting_claims_creates_no_job():
    assert map_to(make_reward(), {make_item(): 1}).job is None
    assert not BulkJob.objects.exists()


def test_map_rewards_automatically_leaves_a_cleared_mapping_alone():
    item = make_item()
    cleared = make_reward(first_mapped_at=NOW)
    mapped = make_reward(items=[(item, 3)])
    new = make_reward()
    wanted = {reward.pk: {item: 1} for reward in (cleared, mapped, new)}

    done = map_rewards(wanted, actor="reconcile", now=NOW, is_automatic=True)

    assert [one.reward_id for one in done] == [new.pk]
    assert [mapped_to(one) for one in (cleared, mapped, new)] == [{}, {item.sku: 3}, {item.sku: 1}]


def test_map_rewards_runs_no_more_statements_for_more_rewards():
    item = make_item()

    def statements(count):
        wanted = {make_reward().pk: {item: 1} for _ in range(count)}
        with CaptureQueriesContext(connection) as queries:
            map_rewards(wanted, actor="ada", now=NOW)
        return len(queries)

    assert statements(1) == statements(10)


def test_preview_counts_grants_and_claims_that_go_on_waiting(reward):
    found = preview_mapping(reward=reward)

    assert (found.granted_now, found.then_waiting) == (2, 1)
    assert (found.is_more, found.mapped_before) == (False, False)


def test_preview_of_very_many_looks_at_some(reward, monkeypatch):
    monkeypatch.setattr(mapping, "COUNTED_UP_TO", 2)

    found = preview_mapping(reward=reward)

    assert (found.granted_now + found.then_waiting, found.is_more) == (2, True)


def test_unmapped_rewards_with_the_most_waiting_claims_come_first(reward):
    idle = make_reward(name="Idle box")
    make_reward(items=[(make_item(), 1)])

    found = list_unmapped_rewards(limit=10)

    assert [(row.reward, row.waiting) for row in found] == [(reward, 3), (idle, 0)]
