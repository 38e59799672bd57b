"""The job: announces and sends while it has the lease, and helps while others fall behind."""

from datetime import timedelta

import pytest
from django.utils import timezone

from claims.models import WebhookDelivery
from claims.webhooks import pushing
from claims.webhooks.endpoints import send_test
from claims.webhooks.pushing import push_webhooks
from core.leases import lease
from tests.factories import make_endpoint, make_entitlement
from tests.webhook_receiver import WebhookReceiver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def short_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "AT_A_STRETCH", timedelta(seconds=0.5))


def test_new_item_is_pushed(receiver: WebhookReceiver) -> None:
    make_endpoint(receiver.url)
    entitlement = make_entitlement()

    is_to_go_on = push_webhooks(clock=timezone.now)

    (data,) = receiver.of_type("entitlements.granted")
    assert [one["id"] for one in data["entitlements"]] == [entitlement.public_id]
    assert is_to_go_on


def test_without_endpoints_it_ends_at_once() -> None:
    entitlement = make_entitlement()

    assert not push_webhooks(clock=timezone.now)

    entitlement.refresh_from_db()
    assert entitlement.announced_in == 1


def test_it_ends_when_the_worker_stops(
    receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "AT_A_STRETCH", timedelta(minutes=5))
    make_endpoint(receiver.url)
    steps = iter([False, False, True])

    push_webhooks(clock=timezone.now, should_stop=lambda: next(steps))

    assert next(steps, None) is None


def test_worker_without_the_lease_sends_only_what_is_overdue(receiver: WebhookReceiver) -> None:
    endpoint = make_endpoint(receiver.url)
    send_test(endpoint=endpoint, now=timezone.now())

    with lease(pushing.JOB, clock=timezone.now):
        assert not push_webhooks(clock=timezone.now)
        assert not receiver.received
        overdue_since = timezone.now() - timedelta(seconds=10)
        WebhookDelivery.objects.update(next_attempt_at=overdue_since)
        assert not push_webhooks(clock=timezone.now)

    assert len(receiver.received) == 1
