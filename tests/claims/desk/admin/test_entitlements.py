import pytest
from django.urls import reverse

from claims.models import AuditEvent, Entitlement
from tests.factories import make_entitlement

URL = "/admin/claims/entitlement/"

pytestmark = pytest.mark.django_db


def act(client, *entitlements, **fields):
    chosen = {"_selected_action": [entitlement.pk for entitlement in entitlements]}
    return client.post(URL, {"action": "revoke"} | chosen | fields, follow=True)


def test_revoke_asks_for_a_reason_first(admin_client):
    granted, fulfilled = make_entitlement(), make_entitlement(status="FULFILLED")

    page = act(admin_client, granted, fulfilled).content.decode()

    assert 'name="reason"' in page
    assert "1 entitlement is already fulfilled" in page
    assert not Entitlement.objects.filter(revoked_at__isnull=False).exists()


def test_revoke_with_a_reason(admin_client):
    granted, fulfilled = make_entitlement(), make_entitlement(status="FULFILLED")

    answer = act(admin_client, granted, fulfilled, confirmed="yes", reason="refunded")

    assert "1 revoked. 1 already fulfilled: note added." in answer.content.decode()
    granted.refresh_from_db()
    assert (granted.status, granted.revocation_reason) == ("REVOKED", "refunded")
    granted.claim.refresh_from_db()
    assert granted.claim.status == "REVOKED"
    assert set(AuditEvent.objects.values_list("reason", flat=True)) == {"refunded"}


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1001])
def test_revoke_with_a_reason_that_is_none(admin_client, reason):
    granted = make_entitlement()

    page = act(admin_client, granted, confirmed="yes", reason=reason).content.decode()

    assert "errorlist" in page
    granted.refresh_from_db()
    assert granted.status == "GRANTED"


def test_revoke_of_too_many(admin_client, monkeypatch):
    monkeypatch.setattr("claims.desk.admin.entitlements.MAX_REVOKED_AT_ONCE", 1)

    answer = act(admin_client, make_entitlement(), make_entitlement(), confirmed="y", reason="x")

    assert "Select at most" in answer.content.decode()
    assert not Entitlement.objects.filter(status="REVOKED").exists()


def test_revoke_is_refused_to_those_who_may_only_look(client, make_staff):
    client.force_login(make_staff("claims.view_entitlement"))
    granted = make_entitlement()

    act(client, granted, confirmed="yes", reason="mischief")

    granted.refresh_from_db()
    assert granted.status == "GRANTED"
    page = client.get(reverse("admin:claims_entitlement_change", args=[granted.pk]))
    assert "Revoke…" not in page.content.decode()


def test_revoke_from_the_page_of_one(admin_client):
    granted = make_entitlement()

    page = admin_client.get(reverse("admin:claims_entitlement_change", args=[granted.pk]))

    assert f'name="_selected_action" value="{granted.pk}"' in page.content.decode()
