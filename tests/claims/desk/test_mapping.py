"""Mapping a reward with held claims: first what it does, then doing it in the background."""

import pytest
from django.test import Client
from django.urls import reverse

from claims.desk import bulk_jobs, mapping
from claims.desk.actions import ActionContext
from claims.desk.mapping import NothingMapped
from claims.models import AuditEvent, BulkJob, Claim, Entitlement
from platforms.kick.client import get_kick
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

ACT = ActionContext(actor="ada", reason="", now=NOW)


def held(campaign, *, is_linked):
    return make_claim(
        campaign=campaign,
        account=make_account(player=make_player() if is_linked else None),
        hold_reason="UNMAPPED_REWARD",
        first_hold_reason="UNMAPPED_REWARD",
    )


@pytest.fixture
def reward():
    """Two claims of linked Kick users wait for it, and one of somebody who is not."""
    reward = make_reward(name="Mystery box")
    campaign = make_campaign(rewards=[reward])
    for is_linked in (True, True, False):
        held(campaign, is_linked=is_linked)
    return reward


def run_jobs():
    return bulk_jobs.run_jobs(api=get_kick().api, clock=lambda: NOW)


def test_preview_says_what_the_mapping_would_do(reward):
    found = mapping.preview(reward=reward)

    assert (found.granted_now, found.then_waiting) == (2, 1)
    assert (found.is_more, found.mapped_before) == (False, False)


def test_preview_of_very_many_looks_at_some(reward, monkeypatch):
    monkeypatch.setattr(mapping, "COUNTED_UP_TO", 2)

    found = mapping.preview(reward=reward)

    assert (found.granted_now + found.then_waiting, found.is_more) == (2, True)


def test_map_reward_grants_in_the_background(reward):
    item = make_item(sku="box")

    job = mapping.map_reward(reward=reward, items={item: 3}, act=ACT)
    before = Entitlement.objects.count()
    run_jobs()

    job.refresh_from_db()
    assert before == 0
    assert set(Entitlement.objects.values_list("sku", "quantity")) == {("box", 3)}
    assert Claim.objects.filter(status="GRANTED").count() == 2
    assert Claim.objects.get(status="HELD").hold_reason == "NOT_LINKED"
    assert (job.outcome, job.done, job.total, job.percent) == ("DONE", 3, 3, 100)


def test_map_reward_replaces_the_mapping_and_keeps_what_was_granted(reward):
    old, new = make_item(sku="old"), make_item(sku="new")
    mapping.map_reward(reward=reward, items={old: 1}, act=ACT)
    run_jobs()

    mapping.map_reward(reward=reward, items={new: 2}, act=ACT)
    run_jobs()

    assert list(reward.mapping.values_list("item__sku", "quantity")) == [("new", 2)]
    assert set(Entitlement.objects.values_list("sku", flat=True)) == {"old"}
    event = AuditEvent.objects.filter(action="MAP").order_by("-pk").first()
    assert event is not None
    assert (event.before, event.after) == ({"old": 1}, {"new": 2})


def test_map_reward_to_nothing_is_refused(reward):
    with pytest.raises(NothingMapped):
        mapping.map_reward(reward=reward, items={}, act=ACT)


def form(*rows, **others):
    fields = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0"}
    for number, (item, quantity) in enumerate(rows):
        fields |= {f"form-{number}-item": item, f"form-{number}-quantity": quantity}
    return fields | others


def test_page_shows_first_what_it_does(ops: Client, reward):
    item = make_item(name="Box")
    url = reverse("desk:map", args=[reward.pk])

    page = ops.post(url, form((item.pk, 2), ("", ""))).content.decode()

    assert "held claims to grant now" in page
    assert "2 × Box" in page
    assert not reward.mapping.exists()


def test_page_then_maps_and_leads_to_the_job(ops: Client, reward):
    item = make_item()
    url = reverse("desk:map", args=[reward.pk])

    answer = ops.post(url, form((item.pk, 2), (item.pk, 1), confirmed="yes"))

    job = BulkJob.objects.get()
    assert answer["Location"] == reverse("desk:job", args=[job.pk])
    assert list(reward.mapping.values_list("quantity", flat=True)) == [3]


def test_page_without_an_item_says_so(ops: Client, reward):
    page = ops.post(reverse("desk:map", args=[reward.pk]), form(("", "1"), confirmed="yes"))

    assert "Choose at least one item" in page.content.decode()
    assert not BulkJob.objects.exists()


def test_page_suggests_the_item_of_the_external_id(ops: Client):
    item = make_item(sku="cape-ember")
    reward = make_reward(external_id="cape-ember")

    page = ops.get(reverse("desk:map", args=[reward.pk])).content.decode()

    assert f'<option value="{item.pk}" selected>' in page


def test_page_is_refused_to_support(support: Client, reward):
    item = make_item()

    answer = support.post(
        reverse("desk:map", args=[reward.pk]), form((item.pk, 1), confirmed="yes")
    )

    assert answer.status_code == 403
    assert not reward.mapping.exists()


def test_queue_lists_what_waits_longest_first(support: Client, reward):
    idle = make_reward(name="Idle box")
    make_campaign(name="", category="")

    found = mapping.queue()
    page = support.get(reverse("desk:queue")).content.decode()

    assert [(row.reward, row.waiting) for row in found.rewards] == [(reward, 3), (idle, 0)]
    assert "3 held claims" in page
    assert "no category" in page
