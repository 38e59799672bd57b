"""What is changed on Django's own pages is in the audit, too; secrets are not."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from claims.api_keys import make_api_key
from claims.models import AuditEvent
from tests.factories import NOW, make_campaign, make_entitlement, make_item, make_reward

pytestmark = pytest.mark.django_db


def events() -> list[tuple[str, str, str]]:
    return list(
        AuditEvent.objects.order_by("pk").values_list("action", "subject_kind", "subject_id")
    )


def test_change_has_its_values_and_one_row_only(ops: Client) -> None:
    campaign = make_campaign(name="Launch", rewards=[])
    form = {
        "name": "Launch Week",
        "category": campaign.category,
        "announcement_days": 0,
        "grace_days": 0,
        "pairs-TOTAL_FORMS": "1",
        "pairs-INITIAL_FORMS": "0",
        "pairs-0-campaign": campaign.pk,
        "pairs-0-reward": make_reward(name="Cape").pk,
    }

    answer = ops.post(reverse("admin:claims_campaign_change", args=[campaign.pk]), form)

    assert answer.status_code == 302
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.subject_id) == ("CHANGE", "ops-ada", campaign.pk)
    assert event.before["name"] == "Launch"
    assert event.after["name"] == "Launch Week"
    assert event.after["pairs 1: reward"] == "Cape"
    assert not LogEntry.objects.exists()


def test_history_is_the_audit_log_of_the_object(ops: Client) -> None:
    item = make_item(name="Cape")
    url = reverse("admin:claims_item_change", args=[item.pk])
    for name in ("Ember cape", "Ember Cape"):
        ops.post(url, {"name": name, "description": ""})
    ops.post(reverse("admin:claims_item_add"), {"sku": "other", "name": "Other"})

    page = ops.get(url).content.decode()
    history = ops.get(reverse("admin:claims_item_history", args=[item.pk]), follow=True)

    assert reverse("admin:claims_item_history", args=[item.pk]) in page
    assert [row.after for row in history.context["cl"].result_list] == [
        {"name": "Ember Cape"},
        {"name": "Ember cape"},
    ]


def test_page_without_an_audit_has_no_history(ops: Client) -> None:
    owed = make_entitlement()

    page = ops.get(reverse("admin:claims_entitlement_change", args=[owed.pk])).content.decode()

    assert "historylink" not in page


def test_deleting_a_campaign(admin_client: Client) -> None:
    campaign = make_campaign(name="Launch")

    admin_client.post(reverse("admin:claims_campaign_delete", args=[campaign.pk]), {"post": "yes"})

    assert events() == [("DELETE", "campaign", campaign.pk)]
    assert AuditEvent.objects.get().before == {"was": "Launch"}


def test_taking_back_from_the_list(ops: Client) -> None:
    owed = make_entitlement()

    ops.post(
        reverse("admin:claims_entitlement_changelist"),
        {
            "action": "revoke",
            "_selected_action": [owed.pk],
            "confirmed": "yes",
            "reason": "refunded",
        },
    )

    event = AuditEvent.objects.get()
    assert (event.action, event.subject_id, event.reason) == ("REVOKE", owed.claim_id, "refunded")
    assert event.player == owed.player
    assert not LogEntry.objects.exists()


def test_making_and_revoking_a_key(admin_client: Client) -> None:
    form = {"name": "eu-west", "categories": "", "scopes": ["read"]}
    admin_client.post(reverse("admin:claims_apikey_add"), form)
    key, _ = make_api_key(name="us-east", categories=[], now=NOW)
    admin_client.post(
        reverse("admin:claims_apikey_changelist"),
        {"action": "revoke", "_selected_action": [key.pk], "confirmed": "yes", "when": "now"},
    )

    assert [event[0] for event in events()] == ["ADD", "CHANGE"]
    assert AuditEvent.objects.last().after == {"note": "Revoked."}  # type: ignore[union-attr]


def test_password_of_staff_is_not_kept(admin_client: Client) -> None:
    user = User.objects.create(username="ada", is_staff=True)

    answer = admin_client.post(
        reverse("admin:auth_user_password_change", args=[user.pk]),
        {"password1": "correct-horse-7", "password2": "correct-horse-7", "usable_password": "true"},
    )

    assert answer.status_code == 302
    event = AuditEvent.objects.get()
    assert "correct-horse-7" not in f"{event.before} {event.after}"
    assert event.after == {"password": "(not kept)"}
