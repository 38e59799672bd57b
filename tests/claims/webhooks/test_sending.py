"""Deliveries over a real socket: schedule, health of an endpoint, and slow or hostile servers."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.tokens import decrypt
from claims.models import WebhookDelivery, WebhookEndpoint
from claims.webhooks import http, sending
from claims.webhooks.endpoints import (
    check_url,
    disable_endpoint,
    enable_endpoint,
    replace_secret,
    replay_delivery,
    replay_since,
    send_test,
)
from claims.webhooks.sending import SCHEDULE, Sender, pause_after
from tests.factories import NOW, make_endpoint, make_entitlement
from tests.hand_clock import HandClock
from tests.hostile_urls import HOSTILE, names_resolve_to
from tests.webhook_receiver import WebhookReceiver

pytestmark = pytest.mark.django_db(transaction=True)

Status = WebhookDelivery.Status


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def send_everything(clock: HandClock) -> None:
    with Sender(clock=clock) as sender:
        sender.step()
        while not sender.is_idle:
            sender.step()


def delivery_to(endpoint: WebhookEndpoint) -> WebhookDelivery:
    return send_test(endpoint=endpoint, now=NOW)


def test_message_is_delivered_and_the_answer_is_kept(
    receiver: WebhookReceiver, clock: HandClock
) -> None:
    receiver.status, receiver.text = 200, "thanks\0" + "x" * 2000
    delivery = delivery_to(make_endpoint(receiver.url))

    send_everything(clock)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.last_status) == ("DELIVERED", 1, 200)
    assert delivery.last_answer.startswith("thanks\N{REPLACEMENT CHARACTER}x")
    assert len(delivery.last_answer) == http.ANSWER_BYTES
    assert delivery.next_attempt_at is None


def test_specification_s_library_accepts_the_request(receiver: WebhookReceiver) -> None:
    endpoint = make_endpoint(receiver.url)
    send_test(endpoint=endpoint, now=timezone.now())

    with Sender(clock=timezone.now) as sender:
        sender.step()

    (received,) = receiver.received
    verified = Webhook(decrypt(endpoint.encrypted_secret)).verify(received.body, received.headers)
    assert verified["type"] == "webhook.test"
    assert received.headers["content-type"] == "application/json"


def test_both_secrets_sign_for_a_day_after_a_replacement(
    receiver: WebhookReceiver, clock: HandClock
) -> None:
    endpoint = make_endpoint(receiver.url)
    replace_secret(endpoint_id=endpoint.pk, now=NOW)
    for hours in (0, 25):
        clock.now = NOW + timedelta(hours=hours)
        send_test(endpoint=endpoint, now=clock())
        send_everything(clock)

    counts = [len(one.headers["webhook-signature"].split()) for one in receiver.received]
    assert counts == [2, 1]


def test_failed_delivery_follows_the_schedule_and_ends(
    receiver: WebhookReceiver, clock: HandClock
) -> None:
    receiver.status = 500
    endpoint = make_endpoint(receiver.url)
    delivery = delivery_to(endpoint)
    pauses = []
    for _ in range(len(SCHEDULE) + 1):
        send_everything(clock)
        delivery.refresh_from_db()
        if delivery.next_attempt_at:
            pauses.append(delivery.next_attempt_at - clock())
            clock.now = delivery.next_attempt_at

    assert (delivery.status, delivery.attempts, len(receiver.received)) == ("FAILED", 10, 10)
    for planned, pause in zip(SCHEDULE, pauses, strict=True):
        assert planned <= pause <= planned * 1.1


def test_same_bytes_and_id_are_sent_again(receiver: WebhookReceiver, clock: HandClock) -> None:
    receiver.status = 503
    delivery_to(make_endpoint(receiver.url))
    send_everything(clock)
    clock.advance(timedelta(minutes=1))
    receiver.status = 204

    send_everything(clock)

    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


def test_retry_after_is_obeyed_within_a_day() -> None:
    assert pause_after(1, retry_after=90) == timedelta(seconds=90)
    assert pause_after(1, retry_after=999_999) == timedelta(hours=24)
    assert pause_after(9, retry_after=1) >= SCHEDULE[-1]


def test_redirect_is_not_followed(receiver: WebhookReceiver, clock: HandClock) -> None:
    receiver.status, receiver.headers = 302, {"Location": "http://127.0.0.1:1/other"}
    delivery = delivery_to(make_endpoint(receiver.url))

    send_everything(clock)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_status) == ("PENDING", 302)
    assert "redirects" in delivery.error
    assert len(receiver.received) == 1


def test_gone_disables_the_endpoint(receiver: WebhookReceiver, clock: HandClock) -> None:
    receiver.status = 410
    endpoint = make_endpoint(receiver.url)
    delivery_to(endpoint)

    send_everything(clock)

    endpoint.refresh_from_db()
    assert (endpoint.disabled_because, endpoint.disabled_at) == ("GONE", NOW)


def test_five_days_of_failures_disable_the_endpoint(
    receiver: WebhookReceiver, clock: HandClock
) -> None:
    receiver.status = 500
    endpoint = make_endpoint(receiver.url)
    for days in (0, 4.9, 5.1):
        clock.now = NOW + timedelta(days=days)
        send_test(endpoint=endpoint, now=clock())
        send_everything(clock)
        endpoint.refresh_from_db()
        assert bool(endpoint.disabled_at) == (days > 5)

    assert endpoint.disabled_because == "FAILING"


def test_one_success_ends_the_failures(receiver: WebhookReceiver, clock: HandClock) -> None:
    endpoint = make_endpoint(receiver.url, failing_since=NOW - timedelta(days=4))
    delivery_to(endpoint)

    send_everything(clock)

    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_disabled_endpoint_gets_nothing_until_it_is_enabled(
    receiver: WebhookReceiver, clock: HandClock
) -> None:
    endpoint = make_endpoint(receiver.url)
    waiting = delivery_to(endpoint)
    make_entitlement()
    disable_endpoint(
        endpoint_id=endpoint.pk, because=WebhookEndpoint.DisabledBecause.STAFF, now=NOW
    )
    send_everything(clock)
    assert not receiver.received

    assert enable_endpoint(endpoint_id=endpoint.pk, now=NOW)
    assert not enable_endpoint(endpoint_id=endpoint.pk, now=NOW)
    send_everything(clock)

    assert [one.payload["type"] for one in receiver.received] == ["webhook.test"]
    waiting.refresh_from_db()
    endpoint.refresh_from_db()
    assert waiting.status == Status.DELIVERED
    assert endpoint.resend_after == 0


def test_refused_connection_is_retried(clock: HandClock) -> None:
    delivery = delivery_to(make_endpoint("http://127.0.0.1:1111/"))

    send_everything(clock)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_status) == ("PENDING", None)
    assert delivery.error == "The connection was refused."


def test_address_that_is_no_longer_allowed_gets_nothing(
    receiver: WebhookReceiver, clock: HandClock, settings: Any
) -> None:
    delivery = delivery_to(make_endpoint(receiver.url))
    settings.WEBHOOK_PRIVATE_NETWORKS = []

    send_everything(clock)

    delivery.refresh_from_db()
    assert "private network" in delivery.error
    assert not receiver.received


def test_failure_leaves_the_rest_of_the_batch_for_later(
    receiver: WebhookReceiver, clock: HandClock
) -> None:
    receiver.status = 500
    endpoint = make_endpoint(receiver.url)
    deliveries = [delivery_to(endpoint) for _ in range(3)]

    with Sender(clock=clock) as sender:
        sender._start_due()

    for delivery in deliveries:
        delivery.refresh_from_db()
    assert [one.attempts for one in deliveries] == [1, 0, 0]
    assert [one.next_attempt_at for one in deliveries[1:]] == [NOW, NOW]


def test_replay_sends_a_delivered_message_again(
    receiver: WebhookReceiver, clock: HandClock
) -> None:
    delivery = delivery_to(make_endpoint(receiver.url))
    send_everything(clock)

    assert replay_delivery(delivery_id=delivery.pk, now=NOW)
    assert not replay_delivery(delivery_id=delivery.pk, now=NOW)
    send_everything(clock)

    assert len(receiver.received) == 2


def test_replay_since_a_time_takes_all_or_the_failed_ones(
    receiver: WebhookReceiver, clock: HandClock
) -> None:
    endpoint = make_endpoint(receiver.url)
    deliveries = [send_test(endpoint=endpoint, now=NOW + timedelta(hours=n)) for n in range(3)]
    clock.now = NOW + timedelta(hours=3)
    send_everything(clock)
    WebhookDelivery.objects.filter(pk=deliveries[2].pk).update(status=Status.FAILED)
    since = NOW + timedelta(minutes=30)

    failed = replay_since(endpoint=endpoint, since=since, failed_only=True, now=clock())
    everything = replay_since(endpoint=endpoint, since=since, failed_only=False, now=clock())

    assert (failed, everything) == (1, 2)


def test_killed_worker_s_deliveries_are_due_again(
    receiver: WebhookReceiver, clock: HandClock
) -> None:
    endpoint = make_endpoint(receiver.url)
    delivery_to(endpoint)
    sending._take(endpoint, size=10, now=NOW)  # and then it's killed

    send_everything(clock)
    assert not receiver.received
    clock.advance(sending.TAKEN_FOR)
    send_everything(clock)

    assert len(receiver.received) == 1


def test_slow_endpoint_does_not_delay_another(receiver: WebhookReceiver, clock: HandClock) -> None:
    with never_answering() as url:
        slow = make_endpoint(url)
        for _ in range(200):
            delivery_to(slow)
        delivery_to(make_endpoint(receiver.url))

        with Sender(clock=clock) as sender:
            for _ in range(50):
                sender.step()
                if receiver.received:
                    break
            assert receiver.received
            assert not sender.is_idle  # the slow one is still being sent
            for batch in sender._sending.values():
                batch.channel._deadline = 0.1  # so that the test doesn't wait for 15 seconds


@pytest.mark.parametrize("dripped", [b"H", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_dripping_answer_is_aborted(
    monkeypatch: pytest.MonkeyPatch, clock: HandClock, dripped: bytes
) -> None:
    monkeypatch.setattr(http, "TIMEOUT_SECONDS", 0.5)
    with dripping(dripped) as url:
        delivery = delivery_to(make_endpoint(url))

        send_everything(clock)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.last_status) == ("PENDING", 1, None)


def test_connection_that_the_server_has_closed_is_no_failure(clock: HandClock) -> None:
    with closing_after_each_answer() as (url, bodies):
        endpoint = make_endpoint(url)
        deliveries = [delivery_to(endpoint) for _ in range(3)]

        send_everything(clock)

    for delivery in deliveries:
        delivery.refresh_from_db()
    assert {one.status for one in deliveries} == {"DELIVERED"}
    assert len(bodies) == 3


@contextmanager
def never_answering() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@contextmanager
def dripping(start: bytes) -> Iterator[str]:
    """Sends a few bytes, and then one at a time, often enough for any timeout between them."""

    def serve() -> None:
        with server:
            connection, _ = server.accept()
            with connection:
                try:
                    connection.sendall(start)
                    while not is_over.wait(0.05):
                        connection.sendall(b"x")
                except OSError:
                    return

    is_over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    is_over.set()
    thread.join()


@contextmanager
def closing_after_each_answer() -> Iterator[tuple[str, list[bytes]]]:
    """Promises to keep the connection, and closes it."""
    bodies: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                received = connection.recv(65536)
                while b"\r\n\r\n" not in received or not received.endswith(b"}"):
                    received += connection.recv(65536)
                bodies.append(received)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                time.sleep(0.01)

    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, daemon=True).start()
    with server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/", bodies
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_url_that_was_saved_all_the_same_gets_nothing(
    clock: HandClock, settings: Any, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """It's checked again at each attempt: the setting or the name's address may have changed."""
    connections: list[Any] = []
    monkeypatch.setattr(socket, "create_connection", connections.append)
    settings.WEBHOOK_PRIVATE_NETWORKS = []
    delivery = delivery_to(make_endpoint(url))

    send_everything(clock)

    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.last_status) == (1, None)
    assert delivery.error
    assert connections == []


def test_name_that_is_rebound_after_saving_gets_nothing(
    clock: HandClock, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_PRIVATE_NETWORKS = []
    names_resolve_to(monkeypatch, "93.184.215.14")
    check_url("https://drops.example/")
    delivery = delivery_to(make_endpoint("https://drops.example/"))
    names_resolve_to(monkeypatch, "169.254.169.254")

    send_everything(clock)

    delivery.refresh_from_db()
    assert "never allowed" in delivery.error
