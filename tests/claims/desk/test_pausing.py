"""The desk's pages that pause and resume grants."""

import pytest
from django.test import Client
from django.urls import reverse

from claims.models import AuditEvent, Pause
from claims.pausing import find_pause, pause_grants
from core import early_start
from studio_drops.tasks import heal_claims
from tests.factories import NOW, make_account, make_campaign, make_claim, make_player, make_reward

pytestmark = pytest.mark.django_db

TARGETS = {"campaign": make_campaign, "reward": make_reward}


@pytest.fixture(params=TARGETS)
def kind(request):
    return request.param


@pytest.fixture
def target(kind):
    return TARGETS[kind](name="Frost helm")


def page_of(kind, target):
    if kind == "campaign":
        return reverse("desk:campaign", args=[target.pk])
    return reverse("admin:claims_reward_change", args=[target.pk])


def pause(target):
    return pause_grants(target=target, reason="wrong item", actor="ada", now=NOW)


def test_pause_asks_for_a_reason(ops: Client, kind, target):
    url = reverse("desk:pause", args=[kind, target.pk])

    form = ops.get(url).content.decode()
    answer = ops.post(url, {"reason": " "})

    assert "Claims of <strong>Frost helm</strong> are held until you resume" in form
    assert "This field is required" in answer.content.decode()
    assert not Pause.objects.exists()


def test_pause(ops: Client, kind, target):
    answer = ops.post(reverse("desk:pause", args=[kind, target.pk]), {"reason": "wrong item"})

    assert answer["Location"] == page_of(kind, target)
    assert find_pause(target).reason == "wrong item"
    event = AuditEvent.objects.get()
    noted = (event.action, event.subject_kind, event.subject_id, event.reason)
    assert noted == ("PAUSE", kind, target.pk, "wrong item")
    assert "aused" in ops.get(page_of(kind, target)).content.decode()


def test_pause_twice_keeps_the_first(ops: Client, kind, target):
    pause(target)

    ops.post(reverse("desk:pause", args=[kind, target.pk]), {"reason": "another"})

    assert find_pause(target).reason == "wrong item"
    assert not AuditEvent.objects.exists()


def test_resume(ops: Client, kind, target, monkeypatch, django_capture_on_commit_callbacks):
    pause(target)
    woken: list[str] = []
    monkeypatch.setattr(early_start.current_app, "send_task", lambda name, **_: woken.append(name))

    with django_capture_on_commit_callbacks(execute=True):
        answer = ops.post(reverse("desk:resume", args=[kind, target.pk]))

    assert answer["Location"] == page_of(kind, target)
    assert woken == [heal_claims.name]
    assert not Pause.objects.exists()
    event = AuditEvent.objects.get()
    assert (event.action, event.before["reason"]) == ("RESUME", "wrong item")


def test_resume_is_on_the_pause_page(ops: Client, kind, target):
    pause(target)

    page = ops.get(reverse("desk:pause", args=[kind, target.pk])).content.decode()

    assert f'action="{reverse("desk:resume", args=[kind, target.pk])}"' in page
    assert "Reason: wrong item" in page


def test_lists_show_the_pause(ops: Client, kind, target):
    pause(target)

    page = ops.get(reverse(f"admin:claims_{kind}_changelist")).content.decode()

    assert 'Frost helm <span class="badge badge-wait">paused</span>' in page


def test_home_and_preview_show_paused_claims(ops: Client):
    reward = make_reward(name="Frost helm")
    campaign = make_campaign(rewards=[reward])
    account = make_account(player=make_player())
    make_claim(campaign=campaign, reward=reward, account=account, hold_reason="PAUSED")
    pause(campaign)

    home = ops.get("/admin/").content.decode()
    mapping = ops.get(reverse("desk:map", args=[reward.pk]))

    assert "Staff paused their campaign or reward" in home
    assert mapping.context["preview"].is_paused
