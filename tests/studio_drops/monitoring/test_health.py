from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from studio_drops.monitoring import health


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    health.check_migrations.cache_clear()
    yield
    health.check_migrations.cache_clear()


def test_healthz_needs_no_database(client: Client) -> None:
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_with_database_and_migrations(client: Client) -> None:
    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_asks_for_migrations_once(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/readyz")

    with django_assert_max_num_queries(1):
        response = client.get("/readyz")

    assert response.status_code == 200


@pytest.mark.django_db
def test_readyz_names_missing_migrations_until_they_are_there(client: Client) -> None:
    recorder = MigrationRecorder(connection)
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("claims")
    recorder.record_unapplied(*newest)

    before = client.get("/readyz")
    recorder.record_applied(*newest)
    after = client.get("/readyz")

    assert (before.status_code, before.json()["reason"]) == (
        503,
        "1 migrations are missing. Run `manage.py migrate`.",
    )
    assert after.status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_readyz_survives_a_connection_that_the_server_closed(client: Client) -> None:
    client.get("/readyz")
    _end_own_connection()

    response = client.get("/readyz")

    assert response.status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_readyz_without_a_database(client: Client) -> None:
    connection.close()
    port, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], "1"
    try:
        response = client.get("/readyz")
    finally:
        connection.settings_dict["PORT"] = port

    assert (response.status_code, response.json()["status"]) == (503, "not ready")


@pytest.mark.django_db
def test_metrics_for_this_machine(client: Client) -> None:
    response = client.get("/metrics")

    assert response.status_code == 200
    assert "# TYPE studio_drops_deliveries_total counter" in response.text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"])
def test_metrics_refused_through_a_proxy_on_this_machine(client: Client, header: str) -> None:
    response = client.get("/metrics", headers={header: "203.0.113.9"})

    assert (response.status_code, "METRICS_TOKEN" in response.text) == (403, True)


def test_metrics_refused_to_another_machine(client: Client) -> None:
    response = client.get("/metrics", REMOTE_ADDR="203.0.113.9")

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("configured", "sent", "expected"),
    [("s3cret", "s3cret", True), ("s3cret", "other", False), ("", "", False)],
)
def test_metrics_token(
    rf: RequestFactory, settings: Settings, configured: str, sent: str, *, expected: bool
) -> None:
    settings.METRICS_TOKEN = configured
    request = rf.get(
        "/metrics", headers={"Authorization": f"Bearer {sent}"}, REMOTE_ADDR="203.0.113.9"
    )

    allowed = health.may_read_metrics(request)

    assert allowed is expected


def _end_own_connection() -> None:
    with connection.cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    connection.errors_occurred = False
