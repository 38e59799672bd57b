"""The mapping page: first a preview, then the mapping, and a job that grants held claims."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from claims.desk import actions, bulk_jobs, previews
from claims.desk.actions import ActionContext, describe_mapping
from claims.models import AuditEvent, BulkJob, Claim, Entitlement
from core import early_start
from studio_drops.tasks import run_bulk_jobs
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


def map_reward(*, reward, items):
    previewed = describe_mapping(reward=reward, items=items)
    return actions.map_reward(reward=reward, items=items, previewed=previewed, act=ACT)


def run_jobs():
    return bulk_jobs.run_jobs(clock=lambda: NOW)


def test_map_reward_grants_in_the_background(reward):
    item = make_item(sku="box")

    job = map_reward(reward=reward, items={item: 3}).job
    before = Entitlement.objects.count()
    run_jobs()

    assert job is not None
    job.refresh_from_db()
    assert before == 0
    assert set(Entitlement.objects.values_list("sku", "quantity")) == {("box", 3)}
    assert Claim.objects.filter(status="GRANTED").count() == 2
    assert Claim.objects.get(status="HELD").hold_reason == "NOT_LINKED"
    assert (job.outcome, job.done, job.total, job.percent) == ("DONE", 3, 3, 100)


def test_map_reward_replaces_the_mapping_and_keeps_what_was_granted(reward):
    old, new = make_item(sku="old"), make_item(sku="new")
    map_reward(reward=reward, items={old: 1})
    run_jobs()

    map_reward(reward=reward, items={new: 2})
    run_jobs()

    assert list(reward.mapping.values_list("item__sku", "quantity")) == [("new", 2)]
    assert set(Entitlement.objects.values_list("sku", flat=True)) == {"old"}
    event = AuditEvent.objects.filter(action="MAP").order_by("-pk").first()
    assert event is not None
    assert (event.before, event.after) == ({"old": 1}, {"new": 2})


def form(*rows, **others):
    fields = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0"}
    for number, (item, quantity) in enumerate(rows):
        fields |= {f"form-{number}-item": item, f"form-{number}-quantity": quantity}
    return fields | others


def confirm(client: Client, reward, *rows, **others):
    """Preview these rows, then confirm the preview."""
    url = reverse("desk:map", args=[reward.pk])
    previewed = client.post(url, form(*rows)).context["previewed"]
    sent = {"confirmed": "yes", "previewed": previewed} | others
    return client.post(url, form(*rows, **sent))


def test_page_shows_first_what_it_does(ops: Client, reward):
    item = make_item(name="Box")
    url = reverse("desk:map", args=[reward.pk])

    page = ops.post(url, form((item.pk, 2), ("", ""))).content.decode()

    assert "held claims to grant now" in page
    assert "2 × Box" in page
    assert not reward.mapping.exists()


def test_page_then_maps_and_leads_to_the_job(ops: Client, reward):
    item = make_item()

    answer = confirm(ops, reward, (item.pk, 2), (item.pk, 1))

    job = BulkJob.objects.get()
    assert answer["Location"] == reverse("desk:job", args=[job.pk])
    assert list(reward.mapping.values_list("quantity", flat=True)) == [3]


@pytest.mark.parametrize("quantity", [0, -1, "x"])
def test_page_refuses_a_quantity_below_one(ops: Client, reward, quantity):
    rows = form((make_item().pk, quantity), confirmed="yes")

    page = ops.post(reverse("desk:map", args=[reward.pk]), rows)

    assert "quantity" in str(page.context["rows"].errors)
    assert not reward.mapping.exists()


def test_page_wakes_a_worker(ops: Client, reward, monkeypatch, django_capture_on_commit_callbacks):
    woken: list[str] = []
    monkeypatch.setattr(early_start.current_app, "send_task", lambda name, **_: woken.append(name))

    with django_capture_on_commit_callbacks(execute=True):
        confirm(ops, reward, (make_item().pk, 2))

    assert woken == [run_bulk_jobs.name]


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


def test_page_adds_rows_and_keeps_the_choice(ops: Client, reward):
    item = make_item()

    answer = ops.post(reverse("desk:map", args=[reward.pk]), form((item.pk, 2), more="yes"))

    rows = answer.context["rows"]
    assert (len(rows), rows[0].initial) == (6, {"item": item.pk, "quantity": 2})
    assert not reward.mapping.exists()


def test_page_removes_a_mapping(ops: Client):
    reward = make_reward(items=[(make_item(), 1)])
    url = reverse("desk:map", args=[reward.pk])

    preview = ops.post(url, form(("", "1"))).content.decode()
    answer = confirm(ops, reward, ("", "1"))

    assert "The current mapping is removed" in preview
    assert answer["Location"] == reverse("desk:queue")
    assert not reward.mapping.exists()
    assert not BulkJob.objects.exists()


class TestPreviewBinds:
    """Only the mapping that was previewed can be confirmed."""

    def refused(self, answer, reward, *, because):
        assert answer.status_code == 200
        assert because in answer.content.decode()
        assert not reward.mapping.exists()

    def test_a_changed_quantity_is_previewed_again(self, ops: Client, reward):
        item = make_item()
        url = reverse("desk:map", args=[reward.pk])
        previewed = ops.post(url, form((item.pk, 1))).context["previewed"]

        changed = form((item.pk, 7777), confirmed="yes", previewed=previewed)

        self.refused(ops.post(url, changed), reward, because="differs from the preview")

    @pytest.mark.parametrize("previewed", ["", "nonsense"])
    def test_without_a_preview(self, ops: Client, reward, previewed):
        url = reverse("desk:map", args=[reward.pk])

        answer = ops.post(url, form((make_item().pk, 1), confirmed="yes", previewed=previewed))

        self.refused(answer, reward, because="differs from the preview")

    def test_the_preview_of_another_reward(self, ops: Client, reward):
        item = make_item()
        other = reverse("desk:map", args=[make_reward().pk])
        previewed = ops.post(other, form((item.pk, 1))).context["previewed"]
        url = reverse("desk:map", args=[reward.pk])

        answer = ops.post(url, form((item.pk, 1), confirmed="yes", previewed=previewed))

        self.refused(answer, reward, because="differs from the preview")

    def test_an_expired_preview(self, ops: Client, reward, monkeypatch):
        monkeypatch.setattr(previews, "VALID_FOR", timedelta(seconds=-1))

        self.refused(confirm(ops, reward, (make_item().pk, 1)), reward, because="expired")

    def test_two_tabs(self, ops: Client, reward):
        item = make_item()
        url = reverse("desk:map", args=[reward.pk])
        previewed = ops.post(url, form((item.pk, 1))).context["previewed"]
        confirm(ops, reward, (item.pk, 2))

        answer = ops.post(url, form((item.pk, 1), confirmed="yes", previewed=previewed))

        assert "differs from the preview" in answer.content.decode()
        assert list(reward.mapping.values_list("quantity", flat=True)) == [2]

    def test_a_repeated_post_maps_once(self, ops: Client, reward):
        item = make_item()
        url = reverse("desk:map", args=[reward.pk])
        previewed = ops.post(url, form((item.pk, 1))).context["previewed"]
        sent = form((item.pk, 1), confirmed="yes", previewed=previewed)

        first, second = ops.post(url, sent), ops.post(url, sent)

        assert (first.status_code, second.status_code) == (302, 200)
        assert AuditEvent.objects.filter(action="MAP").count() == 1


class TestUnusualQuantity:
    def test_asks_once_more(self, ops: Client, reward):
        item = make_item(name="Box")
        make_reward(items=[(item, 3)])

        answer = confirm(ops, reward, (item.pk, 30))

        page = answer.content.decode()
        assert "The quantity of Box is at least ten times the largest one so far (3)." in page
        assert "Confirm the unusual values first" in page
        assert not reward.mapping.exists()

    def test_is_saved_once_confirmed(self, ops: Client, reward):
        item = make_item()
        make_reward(items=[(item, 3)])

        answer = confirm(ops, reward, (item.pk, 30), unusual="yes")

        assert answer.status_code == 302
        assert list(reward.mapping.values_list("quantity", flat=True)) == [30]

    def test_of_a_new_item_is_compared_with_all_items(self, ops: Client, reward):
        make_reward(items=[(make_item(), 3)])

        assert not reward.mapping.exists()
        assert confirm(ops, reward, (make_item().pk, 30)).status_code == 200
        assert confirm(ops, reward, (make_item().pk, 29)).status_code == 302


def test_queue_page_lists_unmapped_rewards_and_unfinished_campaigns(support: Client, reward):
    make_campaign(name="", category="")

    page = support.get(reverse("desk:queue")).content.decode()

    assert "3 held claims" in page
    assert "no category" in page
