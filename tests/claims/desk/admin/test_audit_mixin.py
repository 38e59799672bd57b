"""What is changed on Django's own pages is in the audit, too; secrets are not."""

import pytest
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


def mapping_form(reward_id: str, **rows: object) -> dict[str, object]:
    return {
        "name": "Ember cape",
        "external_id": "",
        "mapping-TOTAL_FORMS": "1",
        "mapping-INITIAL_FORMS": "0",
        "mapping-0-reward": reward_id,
        **rows,
    }


def test_mapping_a_reward(ops: Client) -> None:
    reward, item = make_reward(name="Cape"), make_item(name="Ember cape")
    url = reverse("admin:claims_reward_change", args=[reward.pk])

    answer = ops.post(
        url, mapping_form(reward.pk, **{"mapping-0-item": item.pk, "mapping-0-quantity": 3})
    )

    assert answer.status_code == 302
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.subject_id) == ("MAP", "ops-ada", reward.pk)
    assert event.before["name"] == "Cape"
    assert event.after["mapping 1: item"] == "Ember cape"
    assert event.after["mapping 1: quantity"] == 3


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


def test_making_and_revoking_a_key(admin_client: Client) -> None:
    admin_client.post(reverse("admin:claims_apikey_add"), {"name": "eu-west", "categories": ""})
    key, _ = make_api_key(name="us-east", categories=[], now=NOW)
    admin_client.post(
        reverse("admin:claims_apikey_changelist"),
        {"action": "revoke", "_selected_action": [key.pk]},
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
