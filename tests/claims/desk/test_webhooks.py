"""Owners add endpoints and act on them; support sees the pushes in a player's case."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tokens import decrypt
from claims.models import AuditEvent, WebhookDelivery, WebhookEndpoint
from claims.webhooks.announcing import announce_entitlements
from claims.webhooks.endpoints import send_test
from tests.factories import NOW, make_endpoint, make_entitlement
from tests.hostile_urls import HOSTILE

pytestmark = pytest.mark.django_db

ADD = "/admin/claims/webhookendpoint/add/"
EVENTS = [
    "entitlements.granted",
    "entitlement.revoked",
    "player.linked",
    "player.unlinked",
    "player.disconnected",
]


def add(client: Client, **fields: Any) -> Any:
    form = {
        "name": "eu-west",
        "url": "http://127.0.0.1:8300/drops",
        "event_types": EVENTS,
        "categories": "",
        "signing": "HMAC",
    }
    return client.post(ADD, form | fields)


def act(client: Client, endpoint: WebhookEndpoint, name: str, **fields: Any) -> Any:
    url = reverse("desk:act_on_endpoint", args=[endpoint.pk])
    return client.post(url, {"act": name, **fields})


def test_new_endpoint_has_a_secret_that_owners_can_show(admin_client: Client) -> None:
    answer = add(admin_client, categories="Lyra\nOrbit")

    endpoint = WebhookEndpoint.objects.get()
    secret = decrypt(endpoint.encrypted_secret)
    assert answer.url == reverse("desk:endpoint", args=[endpoint.pk])
    assert (endpoint.event_types, endpoint.categories) == ([], ["Lyra", "Orbit"])
    assert secret not in admin_client.get(answer.url).content.decode()
    shown = act(admin_client, endpoint, "show")
    assert secret in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert AuditEvent.objects.last().after == {"note": "Showed the secret."}
    assert secret not in str(list(AuditEvent.objects.values()))


def test_key_pair_shows_only_the_public_key(admin_client: Client) -> None:
    add(admin_client, signing="ED25519")
    endpoint = WebhookEndpoint.objects.get()

    shown = act(admin_client, endpoint, "show").content.decode()

    assert "whpk_" in shown
    assert decrypt(endpoint.encrypted_secret) not in shown


@pytest.mark.parametrize("url", [*HOSTILE, "not a url"])
def test_hostile_url_is_not_saved(admin_client: Client, settings: Any, url: str) -> None:
    settings.WEBHOOK_PRIVATE_NETWORKS = []
    answer = add(admin_client, url=url)

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["url"]
    assert not WebhookEndpoint.objects.exists()


def test_chosen_events_are_kept_and_shown_again(admin_client: Client) -> None:
    add(admin_client, event_types=["player.linked"])

    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.event_types == ["player.linked"]
    url = reverse("admin:claims_webhookendpoint_change", args=[endpoint.pk])
    form = admin_client.get(url).context["adminform"].form
    assert form.initial["event_types"] == ["player.linked"]


def test_change_keeps_the_secret(admin_client: Client) -> None:
    endpoint = make_endpoint("http://127.0.0.1:9999/")
    url = reverse("admin:claims_webhookendpoint_change", args=[endpoint.pk])
    form = {"name": "new", "url": endpoint.url, "event_types": EVENTS, "categories": ""}

    answer = admin_client.post(url, form)

    changed = WebhookEndpoint.objects.get()
    assert answer.url == reverse("desk:endpoint", args=[endpoint.pk])
    assert changed.name == "new"
    assert bytes(changed.encrypted_secret) == bytes(endpoint.encrypted_secret)


def test_test_message_is_queued(admin_client: Client) -> None:
    endpoint = make_endpoint()

    act(admin_client, endpoint, "test")

    assert endpoint.deliveries.get().message.event_type == "webhook.test"


def test_disable_and_enable_are_audited(admin_client: Client) -> None:
    endpoint = make_endpoint()

    act(admin_client, endpoint, "disable")
    endpoint.refresh_from_db()
    assert endpoint.disabled_because == "STAFF"
    act(admin_client, endpoint, "enable")
    endpoint.refresh_from_db()

    assert endpoint.disabled_at is None
    notes = AuditEvent.objects.order_by("pk").values_list("after__note", flat=True)
    assert list(notes) == ["Disabled.", "Enabled."]


def test_new_secret_leaves_the_old_one_valid(admin_client: Client) -> None:
    endpoint = make_endpoint()

    act(admin_client, endpoint, "replace")

    page = admin_client.get(reverse("desk:endpoint", args=[endpoint.pk])).content.decode()
    assert "The old secret is valid until" in page


def test_replay_takes_the_failed_messages_or_all(admin_client: Client) -> None:
    endpoint = make_endpoint()
    for status in ("FAILED", "DELIVERED"):
        delivery = send_test(endpoint=endpoint, now=timezone.now())
        WebhookDelivery.objects.filter(pk=delivery.pk).update(status=status, next_attempt_at=None)

    act(admin_client, endpoint, "replay", which="failed", hours="1")
    assert endpoint.deliveries.pending().count() == 1
    act(admin_client, endpoint, "replay", which="all", hours="24")
    assert endpoint.deliveries.pending().count() == 2


def test_one_message_is_sent_again(admin_client: Client) -> None:
    endpoint = make_endpoint()
    delivery = send_test(endpoint=endpoint, now=NOW)
    WebhookDelivery.objects.update(status="DELIVERED", next_attempt_at=None)

    act(admin_client, endpoint, "replay_one", delivery=delivery.pk)

    assert endpoint.deliveries.pending().exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"act": "delete"},
        {"act": "replay", "hours": "5"},
        {"act": "replay_one", "delivery": "x"},
        {},
    ],
)
def test_nonsense_is_refused(admin_client: Client, fields: dict[str, str]) -> None:
    endpoint = make_endpoint()

    answer = admin_client.post(reverse("desk:act_on_endpoint", args=[endpoint.pk]), fields)

    assert answer.status_code == 400


@pytest.mark.parametrize("group", ["support", "ops"])
def test_only_owners_see_endpoints(request: Any, group: str) -> None:
    endpoint, client = make_endpoint(), request.getfixturevalue(group)

    assert client.get(reverse("desk:endpoint", args=[endpoint.pk])).status_code == 403
    assert act(client, endpoint, "show").status_code == 403


def test_case_says_when_an_item_was_pushed(admin_client: Client) -> None:
    make_endpoint(name="eu-west lobby")
    entitlement = make_entitlement()
    later = NOW + timedelta(seconds=2)
    announce_entitlements(now=later)
    WebhookDelivery.objects.update(
        status="DELIVERED",
        next_attempt_at=None,
        attempts=1,
        last_attempt_at=later,
        last_status=200,
        last_milliseconds=80,
    )

    page = admin_client.get(reverse("desk:player", args=[entitlement.player_id])).content.decode()

    assert "Pushed to eu-west lobby" in page
    assert "Answered 200 in 80 ms" in page


def test_case_says_why_a_push_failed(admin_client: Client) -> None:
    make_endpoint(name="eu-west lobby")
    entitlement = make_entitlement()
    later = NOW + timedelta(seconds=2)
    announce_entitlements(now=later)
    WebhookDelivery.objects.update(
        attempts=1, last_attempt_at=later, error="The connection was refused."
    )

    page = admin_client.get(reverse("desk:player", args=[entitlement.player_id])).content.decode()

    assert "Push to eu-west lobby failed" in page
    assert "The connection was refused." in page
