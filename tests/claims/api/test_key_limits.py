"""What a key may do, from where, how often and until when."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from claims.api import rate_limit, usage
from claims.api.rate_limit import TooManyRequests, share_of, take_request
from claims.api.usage import count_request
from claims.api_keys import find_api_key, make_api_key
from claims.models import ApiKey, ApiKeyMinute, ApiKeyUsage
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ENTITLEMENTS = "/api/v1/entitlements"


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    start_process(monkeypatch)


def start_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what a web process keeps in memory."""
    monkeypatch.setattr(rate_limit, "_shares", {})
    monkeypatch.setattr(usage, "_counts", {})


def client_of(**limits: Any) -> Client:
    _, secret = make_api_key(name="lobby", categories=[], now=NOW, **limits)
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("read", ["/api/v1/entitlements", "/api/v1/entitlements/changes"]),
        ("fulfil", ["/api/v1/entitlements/fulfil"]),
        ("players", ["/api/v1/player?game_account_id=x", "/api/v1/players/sync"]),
    ],
)
def test_key_may_only_do_what_its_scope_says(scope: str, allowed: list[str]) -> None:
    client = client_of(scopes=[scope])

    for url in (
        "/api/v1/entitlements",
        "/api/v1/entitlements/changes",
        "/api/v1/entitlements/fulfil",
        "/api/v1/player?game_account_id=x",
        "/api/v1/players/sync",
    ):
        is_post = url.endswith(("fulfil", "sync"))
        answer = (
            client.post(url, {}, content_type="application/json") if is_post else client.get(url)
        )
        assert (answer.status_code != 403) == (url in allowed), url
        if url not in allowed:
            assert "It needs the scope" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("address", "status"), [("10.1.2.3", 200), ("10.2.0.1", 403), ("::ffff:10.1.2.3", 200)]
)
def test_key_works_only_from_its_networks(address: str, status: int) -> None:
    client = client_of(networks=["10.1.0.0/16", "2001:db8::/32"])

    answer = client.get(ENTITLEMENTS, REMOTE_ADDR=address)

    assert answer.status_code == status


def test_forged_forwarding_header_gains_nothing(settings: Any) -> None:
    client = client_of(networks=["10.1.0.0/16"])
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    forged = client.get(
        ENTITLEMENTS,
        headers={"X-Forwarded-For": "10.1.2.3, 203.0.113.9", "X-Forwarded-Proto": "https"},
    )

    assert forged.status_code == 403
    assert "203.0.113.9" in forged.json()["detail"]


def test_key_ends() -> None:
    now = timezone.now()
    client = client_of(ends_at=now + timedelta(hours=1))
    ended = client_of(ends_at=now - timedelta(hours=1))

    assert client.get(ENTITLEMENTS).status_code == 200
    assert ended.get(ENTITLEMENTS).status_code == 401


def test_requests_above_the_limit_are_answered_429() -> None:
    client = client_of(requests_per_minute=2)

    answers = [client.get(ENTITLEMENTS) for _ in range(3)]

    # A minute may have begun in between.
    if ApiKeyMinute.objects.get().taken == 2:
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert 1 <= int(answers[2]["Retry-After"]) <= 60
        assert answers[2]["Content-Type"] == "application/problem+json"


def test_processes_share_a_limit_and_never_exceed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    api_key, _ = make_api_key(name="lobby", categories=[], now=NOW, requests_per_minute=60)
    served = 0
    for _process in range(5):
        start_process(monkeypatch)
        for _request in range(25):
            try:
                take_request(api_key, now=NOW)
            except TooManyRequests:
                break
            served += 1

    assert 60 - 5 * share_of(60) < served <= 60


def test_one_statement_serves_a_share(django_assert_num_queries: Any) -> None:
    api_key, _ = make_api_key(name="lobby", categories=[], now=NOW, requests_per_minute=600)

    with django_assert_num_queries(2):
        for _ in range(60):
            take_request(api_key, now=NOW)


def test_next_minute_has_the_whole_limit_again() -> None:
    api_key, _ = make_api_key(name="lobby", categories=[], now=NOW, requests_per_minute=1)
    take_request(api_key, now=NOW)
    with pytest.raises(TooManyRequests) as refused:
        take_request(api_key, now=NOW + timedelta(seconds=20))

    take_request(api_key, now=NOW + timedelta(minutes=1))

    assert refused.value.wait == 40


@pytest.mark.parametrize("limit", [1, 2, 7, 59, 60, 100, 600, 997, 100_000])
def test_share_divides_the_limit(limit: int) -> None:
    assert limit % share_of(limit) == 0
    assert 1 <= share_of(limit) <= max(1, limit // 20)


def test_usage_is_counted_by_day_and_written_once_a_minute(
    django_assert_num_queries: Any,
) -> None:
    api_key, _ = make_api_key(name="lobby", categories=[], now=NOW)
    count_request(api_key, now=NOW)
    with django_assert_num_queries(0):
        for second in range(1, 59):
            count_request(api_key, now=NOW + timedelta(seconds=second))

    count_request(api_key, now=NOW + timedelta(seconds=60))
    count_request(api_key, now=NOW + timedelta(days=1))
    count_request(api_key, now=NOW + timedelta(days=1, minutes=1))

    days = list(ApiKeyUsage.objects.order_by("day").values_list("day", "requests"))
    assert days[0] == (NOW.date(), 61)
    assert days[1] == (NOW.date() + timedelta(days=1), 1)


def test_command_makes_a_limited_key(capsys: Any) -> None:
    options = ["--scope=read", "--network=10.0.0.0/8", "--requests-per-minute=60", "--days=30"]
    call_command("make_api_key", "lobby", *options)

    api_key = ApiKey.objects.get()
    assert (api_key.scopes, api_key.networks) == (["read"], ["10.0.0.0/8"])
    assert api_key.requests_per_minute == 60
    assert (
        find_api_key(capsys.readouterr().out.strip(), now=timezone.now() + timedelta(days=31))
        is None
    )
