import json

import pytest
from django.urls import reverse
from kombu.exceptions import OperationalError

from claims.models import Campaign, CampaignReward, Claim, Item, Reward
from core import early_start
from studio_drops.tasks import heal_claims
from tests.factories import (
    NOW,
    make_campaign,
    make_claim,
    make_confirmation,
    make_item,
    make_reward,
)


def inline_rows(prefix, rows, initial=0):
    management = {"TOTAL_FORMS": len(rows), "INITIAL_FORMS": initial}
    form = {f"{prefix}-{name}": value for name, value in management.items()}
    for index, row in enumerate(rows):
        form |= {f"{prefix}-{index}-{name}": value for name, value in row.items()}
    return form


def campaign_form(rewards=(), **fields):
    rows = [{"reward": reward.pk, "required_minutes": 30} for reward in rewards]
    defaults = {
        "source": "kick_drops",
        "name": "Summer",
        "category": "Rust",
        "announcement_days": 0,
        "grace_days": 7,
    }
    return defaults | fields | inline_rows("pairs", rows)


def faults(answer):
    assert answer.status_code == 200
    formsets = answer.context["inline_admin_formsets"]
    non_form = [str(error) for one in formsets for error in one.formset.non_form_errors()]
    in_form = [str(errors) for one in formsets for errors in one.formset.errors if errors]
    return [str(errors) for errors in answer.context["errors"]] + non_form + in_form


@pytest.fixture
def woken(monkeypatch):
    """The messages that would wake a worker."""
    sent = []
    monkeypatch.setattr(early_start.current_app, "send_task", lambda name, **_: sent.append(name))
    return sent


def change_url():
    """The form of a campaign that has no rewards yet."""
    return reverse("admin:claims_campaign_change", args=[make_campaign(rewards=[]).pk])


@pytest.mark.django_db
class TestCampaign:
    def test_change_with_rewards(self, admin_client, woken, django_capture_on_commit_callbacks):
        rewards = [make_reward(), make_reward()]
        form = campaign_form(rewards, channels="alice\n\n bob \nalice")

        with django_capture_on_commit_callbacks(execute=True):
            answer = admin_client.post(change_url(), form)

        assert answer.status_code == 302, faults(answer)
        campaign = Campaign.objects.get()
        assert (campaign.category, campaign.channels) == ("Rust", ["alice", "bob"])
        assert set(campaign.rewards.all()) == set(rewards)
        assert woken == ["studio_drops.heal_claims"]

    def test_thirteenth_reward_is_refused(self, admin_client, woken):
        rewards = [make_reward() for _ in range(13)]

        answer = admin_client.post(change_url(), campaign_form(rewards))

        assert "at most 12 rewards" in str(faults(answer))
        assert not CampaignReward.objects.exists()

    def test_twelve_rewards_are_taken(self, admin_client, woken):
        rewards = [make_reward() for _ in range(12)]

        answer = admin_client.post(change_url(), campaign_form(rewards))

        assert answer.status_code == 302, faults(answer)
        assert CampaignReward.objects.count() == 12

    def test_same_reward_twice_is_refused(self, admin_client, woken):
        reward = make_reward()

        answer = admin_client.post(change_url(), campaign_form([reward, reward]))

        assert "duplicate" in str(faults(answer))

    def test_end_before_its_start_is_refused(self, admin_client, woken):
        times = {
            "starts_at_0": "2026-07-02",
            "starts_at_1": "12:00",
            "ends_at_0": "2026-07-01",
            "ends_at_1": "12:00",
        }

        answer = admin_client.post(change_url(), campaign_form(**times))

        assert "The campaign ends before it starts." in str(faults(answer))

    def test_id_is_never_changed(self, admin_client, woken):
        campaign = make_campaign(rewards=[])
        url = reverse("admin:claims_campaign_change", args=[campaign.pk])

        admin_client.post(url, campaign_form(campaign_id="01OTHER", name="Renamed"))

        assert list(Campaign.objects.values_list("pk", "name")) == [(campaign.pk, "Renamed")]

    def test_delete_is_refused_while_claims_name_it(self, admin_client):
        claim = make_claim()
        for model, row in (("campaign", claim.campaign), ("reward", claim.reward)):
            url = reverse(f"admin:claims_{model}_delete", args=[row.pk])

            assert admin_client.post(url, {"post": "yes"}).status_code == 403

    def test_delete_while_no_claim_names_it(self, admin_client):
        campaign = make_campaign(rewards=[])
        url = reverse("admin:claims_campaign_delete", args=[campaign.pk])

        assert admin_client.post(url, {"post": "yes"}).status_code == 302
        assert not Campaign.objects.exists()


@pytest.mark.django_db
class TestReward:
    def url_of(self, reward):
        return reverse("admin:claims_reward_change", args=[reward.pk])

    def test_page_shows_the_mapping_and_changes_it_elsewhere(self, admin_client):
        reward = make_reward(items=[(make_item(name="Sword"), 3)])
        other = make_item()
        form = {
            "name": "Named",
            "external_id": "",
            "mapping-TOTAL_FORMS": "1",
            "mapping-INITIAL_FORMS": "0",
            "mapping-0-item": other.pk,
            "mapping-0-quantity": "1",
        }

        page = admin_client.get(self.url_of(reward)).content.decode()
        admin_client.post(self.url_of(reward), form)

        assert "3 × Sword" in page
        assert f'href="{reverse("desk:map", args=[reward.pk])}"' in page
        assert Reward.objects.get().name == "Named"
        assert list(reward.mapping.values_list("item__name", "quantity")) == [("Sword", 3)]

    def test_saving_is_no_mapping(self, admin_client):
        reward = make_reward()

        admin_client.post(self.url_of(reward), {"name": "Named", "external_id": ""})

        assert list(Reward.objects.values_list("name", "first_mapped_at")) == [("Named", None)]

    def test_added_reward_has_its_mapping_page_next(self, admin_client):
        url = reverse("admin:claims_reward_add")
        page = admin_client.get(url).content.decode()
        admin_client.post(
            url,
            {"reward_id": "01NEW", "source": "kick_drops", "name": "Cape", "external_id": ""},
        )

        assert "Save the reward first" in page
        assert Reward.objects.get().created_at > NOW

    def test_page_shows_how_many_claims_wait(self, admin_client):
        reward = make_reward()
        campaign = make_campaign(rewards=[reward])
        for _ in range(2):
            make_claim(campaign=campaign, reward=reward, hold_reason="UNMAPPED_REWARD")
        make_claim(campaign=campaign, reward=reward, hold_reason="NOT_LINKED")

        page = admin_client.get(self.url_of(reward)).content.decode()

        assert "2 held claims" in page
        filtered = page.split('<a href="/admin/claims/claim/?')[1].split('"')[0]
        shown = admin_client.get("/admin/claims/claim/?" + filtered.replace("&amp;", "&"))
        assert shown.context["cl"].queryset.count() == 2


@pytest.mark.django_db
class TestWakingAWorker:
    @pytest.mark.parametrize("error", [OperationalError("refused"), PermissionError("read-only")])
    def test_saving_while_the_broker_is_away(
        self, admin_client, monkeypatch, caplog, error, django_capture_on_commit_callbacks
    ):
        def fail(*_args, **_kwargs):
            raise error

        monkeypatch.setattr(early_start.current_app, "send_task", fail)

        with django_capture_on_commit_callbacks(execute=True):
            answer = admin_client.post(change_url(), campaign_form())

        assert answer.status_code == 302
        assert "wake_failed" in caplog.messages

    def test_saving_puts_a_message_that_a_worker_knows_into_the_queue(
        self, admin_client, settings, django_capture_on_commit_callbacks
    ):
        before = set(settings.QUEUE_DIR.glob("*.msg"))

        with django_capture_on_commit_callbacks(execute=True):
            admin_client.post(change_url(), campaign_form())

        (message,) = set(settings.QUEUE_DIR.glob("*.msg")) - before
        assert json.loads(message.read_text())["headers"]["task"] == heal_claims.name


@pytest.mark.django_db
def test_item_keeps_its_sku(admin_client):
    item = make_item(sku="sword")
    url = reverse("admin:claims_item_change", args=[item.pk])

    admin_client.post(url, {"sku": "axe", "name": "Axe", "description": "It cuts."})

    assert list(Item.objects.values_list("sku", "name")) == [("sword", "Axe")]


@pytest.mark.django_db
def test_claim_page_says_why_it_is_held_and_what_mends_it(admin_client):
    said = {
        Claim.HoldReason.NOT_LINKED: "http://localhost:8000/link/",
        Claim.HoldReason.UNMAPPED_REWARD: "mapped to any items. Once you map it",
        Claim.HoldReason.NOT_OURS: "belongs to another organization",
        Claim.HoldReason.UNCONFIRMED: "checking for 24 hours (4 attempts so far)",
    }
    for reason, words in said.items():
        claim = make_claim(hold_reason=reason)
        if reason == "UNCONFIRMED":
            make_confirmation(claim, attempts=4)

        page = admin_client.get(reverse("admin:claims_claim_change", args=[claim.pk]))

        assert words in page.content.decode()
