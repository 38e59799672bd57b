"""The claim webhook: what it answers, what it keeps, and what it never does."""

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from claims import quarantine
from claims.models import Campaign, Claim, Entitlement, QuarantinedDelivery
from core.checks import run_check
from platforms.kick import misdirected_events
from platforms.kick.client import get_kick
from platforms.kick.models import MisdirectedEvent, PublicKey
from platforms.kick.webhook import drops_webhook
from tests.claims.ledger_assertions import receive
from tests.factories import make_account, make_campaign, make_player
from tests.platforms.kick.protocol.keys import pem_of
from tests.signing import PATH, SigningKick, claim_body, post

pytestmark = pytest.mark.django_db

MAX_BODY_BYTES = drops_webhook.max_body_bytes
USUAL_BODY_BYTES = drops_webhook.usual_body_bytes

GOOD: dict[str, Any] = {
    "claim_id": "01K0TDDR08Q5ZNWXK92VRXD7GW",
    "user_id": 7,
    "campaign_id": "01JAXK8N4QWRTY5PM7ZEBVJDS8S",
    "reward_id": "01JAXK8N4QWRTY5PM7ZEBVGH2S",
}


@pytest.fixture
def campaign() -> Campaign:
    """Its reward is mapped, and Kick user 7 is linked."""
    make_account(user_id="7", player=make_player())
    return make_campaign()


@pytest.fixture
def known_key(kick: SigningKick) -> None:
    """This process has looked for a newer key within the last minute."""
    now = timezone.now()
    get_kick().public_keys.use(
        PublicKey(pem=pem_of(kick.key), fetched_at=now, refetched_at=now),
    )


def sentence(response: HttpResponse) -> str:
    return str(json.loads(response.content)["error"])


def counted(outcome: str) -> float:
    sample = REGISTRY.get_sample_value("studio_drops_deliveries_total", {"outcome": outcome})
    return sample or 0.0


def test_webhook_grants_and_answers_200(kick: SigningKick, campaign: Campaign) -> None:
    claim = receive(campaign)

    response = kick.deliver(claim_body(claim))

    assert response.status_code == 200
    assert json.loads(response.content) == {"claim_id": "01K0CLAIM", "status": "GRANTED"}
    assert Claim.objects.get().message_id == "01K0MESSAGE"
    assert Entitlement.objects.count() == 1


def test_webhook_repeated_answers_200_again(kick: SigningKick, campaign: Campaign) -> None:
    body = claim_body(receive(campaign))

    responses = [kick.deliver(body, message_id=f"m{number}") for number in range(3)]

    assert [response.status_code for response in responses] == [200] * 3
    assert Entitlement.objects.count() == 1
    assert not QuarantinedDelivery.objects.exists()


def test_webhook_repeated_with_other_contents_keeps_the_first_and_shows_ops(
    kick: SigningKick, campaign: Campaign
) -> None:
    claim = receive(campaign)
    kick.deliver(claim_body(claim))
    other = claim_body(claim, user_id=8)

    responses = [kick.deliver(other, message_id="other") for _ in range(2)]

    assert [response.status_code for response in responses] == [200, 200]
    assert Claim.objects.get().account_id == "kick:7"
    delivery = QuarantinedDelivery.objects.get()
    assert (delivery.verdict, delivery.claim_id) == ("DIFFERS", "01K0CLAIM")
    assert bytes(delivery.body) == other


def test_webhook_holds_another_organization_s_claim(kick: SigningKick) -> None:
    make_account(user_id="7", player=make_player())

    response = kick.deliver(json.dumps(GOOD).encode())

    assert json.loads(response.content)["status"] == "HELD"
    assert Claim.objects.get().hold_reason == Claim.HoldReason.UNCONFIRMED
    assert not Entitlement.objects.exists()


@pytest.mark.parametrize("user_id", [0, 2**53 + 1, 2**63, 2**64 - 1])
def test_webhook_takes_all_of_uint64(kick: SigningKick, user_id: int) -> None:
    response = kick.deliver(json.dumps(GOOD | {"user_id": user_id}).encode())

    assert response.status_code == 200
    assert Claim.objects.get().account_id == f"kick:{user_id}"


@pytest.mark.parametrize("external_id", [None, ""])
def test_webhook_takes_no_external_id_for_an_empty_one(
    kick: SigningKick, external_id: str | None
) -> None:
    response = kick.deliver(json.dumps(GOOD | {"external_id": external_id}).encode())

    assert response.status_code == 200
    assert Claim.objects.get().external_id == ""


def test_webhook_ignores_fields_that_it_does_not_know(kick: SigningKick) -> None:
    response = kick.deliver(json.dumps(GOOD | {"new": {"from": ["Kick"]}}).encode())

    assert response.status_code == 200


# --- Bad input ---------------------------------------------------------------------------------


def changed(**fields: Any) -> bytes:
    return json.dumps(GOOD | fields).encode()


UNUSABLE = {
    "a bool": (changed(user_id=True), "user_id"),
    "a float": (changed(user_id=7.0), "user_id"),
    "an exponent": (changed().replace(b": 7,", b": 7e0,"), "user_id"),
    "a negative number": (changed(user_id=-7), "user_id"),
    "a padded number": (changed(user_id=" 7"), "user_id"),
    "more than uint64": (changed(user_id=2**64), "user_id"),
    "five thousand digits": (changed().replace(b": 7,", b": " + b"7" * 5000 + b","), "user_id"),
    "NaN": (changed().replace(b": 7,", b": NaN,"), "NaN"),
    "Infinity": (changed().replace(b": 7,", b": Infinity,"), "Infinity"),
    "a duplicate key": (changed()[:-1] + b', "user_id": 8}', "user_id"),
    "a NUL": (changed(claim_id="a\0b"), "a control character"),
    "a line break": (changed(claim_id="a\nb"), "a control character"),
    "a lone surrogate": (changed(claim_id="a\ud800b"), "surrogate"),
    "nesting": (changed()[:-1] + b', "x": ' + b"[" * 20000 + b"]" * 20000 + b"}", "nested"),
    "deeper nesting": (b"[" * 30000, "nested"),
    "an array": (b"[1]", "array"),
    "a text": (b'"claim"', "text"),
    "null": (b"null", "null"),
    "an empty body": (b"", "empty"),
    "invalid UTF-8": (changed().replace(b"01K0", b"\xff\xfe"), "UTF-8"),
    "no JSON": (b"claim_id=1", "JSON"),
    "JSON cut off": (changed()[:-5], "JSON"),
    "no claim id": (json.dumps({**GOOD, "claim_id": None}).encode(), "claim_id"),
    "an empty claim id": (changed(claim_id=""), "claim_id"),
    "a long claim id": (changed(claim_id="x" * 65), "claim_id"),
    "a number as campaign id": (changed(campaign_id=1), "campaign_id"),
    "no reward id": (
        json.dumps({k: v for k, v in GOOD.items() if k != "reward_id"}).encode(),
        "reward_id",
    ),
}


@pytest.mark.parametrize(("body", "named"), UNUSABLE.values(), ids=UNUSABLE)
def test_webhook_answers_signed_but_unusable_with_400_and_keeps_it(
    kick: SigningKick, body: bytes, named: str
) -> None:
    responses = [kick.deliver(body) for _ in range(2)]

    assert [response.status_code for response in responses] == [400, 400]
    assert named in sentence(responses[0])
    delivery = QuarantinedDelivery.objects.get()
    assert (bytes(delivery.body), delivery.message_id) == (body, "01K0MESSAGE")
    assert delivery.reason == sentence(responses[0])
    assert not Claim.objects.exists()


@pytest.mark.parametrize(
    ("body", "event_type", "noted"),
    [
        ({"broadcaster": {"user_id": 1}, "follower": {"user_id": 2}}, None, "another event"),
        ({"broadcaster": {}, "follower": {}}, "channel.followed", "channel.followed"),
        ({"something": "new"}, "channel.new.event", "another event"),
    ],
)
def test_webhook_answers_200_to_another_event_and_keeps_nothing(
    kick: SigningKick, body: object, event_type: str | None, noted: str
) -> None:
    misdirected_events._written_at.clear()
    body = json.dumps(body).encode()
    before = counted("other_event")
    headers = kick.headers(body) | ({"Kick-Event-Type": event_type} if event_type else {})

    responses = [post(body, headers) for _ in range(2)]

    assert [response.status_code for response in responses] == [200, 200]
    assert "Not a drops claim" in responses[0].json()["ignored"]
    assert counted("other_event") == before + 2
    assert not QuarantinedDelivery.objects.exists()
    assert MisdirectedEvent.objects.get().event_type == noted
    finding = run_check("kick events", now=timezone.now())
    assert finding.verdict.name == "WARN"
    assert noted in finding.message


def test_webhook_records_a_claim_with_an_event_type(kick: SigningKick, campaign: Campaign) -> None:
    body = claim_body(receive(campaign))

    response = post(body, kick.headers(body) | {"Kick-Event-Type": "drops.claimed"})

    assert response.status_code == 200
    assert Claim.objects.exists()


@pytest.mark.parametrize("timestamp", ["1782216000", "Tue, 23 Jun 2026 12:00:00 GMT", "soon"])
def test_webhook_takes_any_signed_timestamp(
    kick: SigningKick, campaign: Campaign, timestamp: str
) -> None:
    response = kick.deliver(claim_body(receive(campaign)), timestamp=timestamp)

    assert response.status_code == 200


def test_webhook_takes_each_name_of_the_timestamp(kick: SigningKick, campaign: Campaign) -> None:
    body = claim_body(receive(campaign))
    headers = kick.headers(body)
    headers["Kick-Event-Message-Timestamp"] = headers.pop("Kick-Event-Timestamp")

    response = post(body, headers)

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Kick-Event-Signature", None, 401),
        ("Kick-Event-Signature", "", 401),
        ("Kick-Event-Signature", "AAAA", 401),
        ("Kick-Event-Signature", "not base64!", 401),
        ("Kick-Event-Message-ID", "another", 401),
        ("Kick-Event-Message-ID", None, 400),
        ("Kick-Event-Message-ID", "x" * 300, 400),
        ("Kick-Event-Timestamp", "2026-06-23T12:00:00Z", 401),
        ("Kick-Event-Timestamp", None, 400),
        ("Kick-Event-Timestamp", "yesterday", 401),
        ("Kick-Event-Timestamp", "x" * 65, 400),
        ("Kick-Event-Message-Timestamp", "2026-06-23T12:00:00Z", 400),
    ],
)
@pytest.mark.usefixtures("known_key")
@pytest.mark.django_db(databases=[])
def test_webhook_refuses_bad_headers_without_the_database(
    kick: SigningKick, header: str, value: str | None, status: int
) -> None:
    body = changed()
    headers = kick.headers(body)
    headers.pop(header, None)

    response = post(body, headers if value is None else headers | {header: value})

    assert response.status_code == status
    assert sentence(response).endswith(".")


@pytest.mark.usefixtures("known_key")
@pytest.mark.django_db(databases=[])
def test_webhook_refuses_a_changed_body_without_the_database(kick: SigningKick) -> None:
    before = counted("forged")

    response = post(changed(user_id=8), kick.headers(changed()))

    assert response.status_code == 401
    assert counted("forged") == before + 1


@pytest.mark.django_db(databases=[])
def test_webhook_refuses_a_long_body_without_reading_it() -> None:
    class Unread:
        def read(self, *_: object) -> bytes:
            raise AssertionError("The body was read.")

    request = RequestFactory().post(PATH, content_type="application/json")
    request.META["CONTENT_LENGTH"] = str(MAX_BODY_BYTES + 1)
    request._stream = Unread()

    response = drops_webhook(request)

    assert response.status_code == 413


@pytest.mark.django_db(databases=[])
def test_webhook_tells_what_was_cut_off_from_a_forgery(kick: SigningKick) -> None:
    """A forgery may mean that Kick's key is a new one; the look at it is allowed once a minute."""
    before = (counted("cut_off"), counted("forged"))
    request = RequestFactory().post(
        PATH, changed(), content_type="application/json", headers=kick.headers(changed())
    )
    request._stream = io.BytesIO(changed()[:20])

    response = drops_webhook(request)

    assert response.status_code == 400
    assert (counted("cut_off"), counted("forged")) == (before[0] + 1, before[1])


@pytest.mark.django_db(databases=[])
def test_webhook_answers_broken_chunks_with_400() -> None:
    class Broken:
        def read(self, *_: object) -> bytes:
            raise RuntimeError("An error of the server's own.")

    request = RequestFactory().post(PATH, content_type="application/json")
    request.META["HTTP_TRANSFER_ENCODING"] = "chunked"
    request.META["wsgi.input"] = Broken()

    response = drops_webhook(request)

    assert response.status_code == 400
    assert sentence(response) == "The body ended before its last chunk."


def test_webhook_takes_a_body_in_chunks(kick: SigningKick) -> None:
    body = changed()
    headers = kick.headers(body)
    request = RequestFactory().post(PATH, content_type="application/json", headers=headers)
    request.META["HTTP_TRANSFER_ENCODING"] = "chunked"
    request.META["wsgi.input"] = io.BytesIO(body)  # the server has put its chunks together

    response = drops_webhook(request)

    assert response.status_code == 200
    assert Claim.objects.get().pk == GOOD["claim_id"]


@pytest.mark.parametrize(("length", "most_at_once"), [(USUAL_BODY_BYTES, 4), (MAX_BODY_BYTES, 1)])
@pytest.mark.django_db(databases=[])
def test_webhook_looks_at_one_long_delivery_at_a_time(
    kick: SigningKick, monkeypatch: pytest.MonkeyPatch, length: int, most_at_once: int
) -> None:
    """Else eight connections of forgeries as long as can be have most of the threads' turns."""
    under_way: list[int] = []
    seen: list[int] = []

    def verify_slowly(*_: object, **__: object) -> bool:
        under_way.append(1)
        seen.append(len(under_way))
        time.sleep(0.1)
        under_way.pop()
        return False

    monkeypatch.setattr("platforms.kick.webhook.verify_delivery", verify_slowly)
    body = b"x" * length
    headers = kick.headers(body)
    requests = [
        RequestFactory().post(PATH, body, content_type="application/json", headers=headers)
        for _ in range(4)
    ]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(drops_webhook, requests))

    assert [answer.status_code for answer in answers] == [401] * 4
    assert max(seen) == most_at_once


def test_webhook_takes_a_body_of_the_longest_size(kick: SigningKick) -> None:
    body = changed(padding="")
    body = changed(padding="x" * (MAX_BODY_BYTES - len(body)))

    response = kick.deliver(body)

    assert (len(body), response.status_code) == (MAX_BODY_BYTES, 200)


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
def test_webhook_takes_post_alone(method: str) -> None:
    response = getattr(Client(), method)(PATH)

    assert (response.status_code, response["Allow"]) == (405, "POST")


@pytest.mark.parametrize("offset", [timedelta(days=-3), timedelta(hours=2)])
def test_webhook_counts_a_skewed_clock_and_takes_the_claim(
    kick: SigningKick, offset: timedelta
) -> None:
    name = "studio_drops_skewed_deliveries_total"
    before = REGISTRY.get_sample_value(name) or 0.0

    response = kick.deliver(changed(), timestamp=(timezone.now() + offset).isoformat())

    assert response.status_code == 200
    assert REGISTRY.get_sample_value(name) == before + 1


def test_webhook_without_any_key_answers_503(settings: Any) -> None:
    settings.KICK_API_URL = "http://127.0.0.1:1"
    headers = {
        "Kick-Event-Signature": "AAAA",
        "Kick-Event-Message-ID": "m",
        "Kick-Event-Timestamp": "2026-06-23T12:00:00Z",
    }

    response = post(changed(), headers)

    assert response.status_code == 503


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(body=st.binary(max_size=300) | st.builds(changed, user_id=st.integers(), claim_id=st.text()))
def test_webhook_with_any_signed_body_is_never_a_5xx(kick: SigningKick, body: bytes) -> None:
    assert kick.deliver(body).status_code in {200, 400}


HEADER_TEXT = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=300)
HEADER_NAMES = (
    "HTTP_KICK_EVENT_SIGNATURE",
    "HTTP_KICK_EVENT_MESSAGE_ID",
    "HTTP_KICK_EVENT_TIMESTAMP",
    "HTTP_KICK_EVENT_MESSAGE_TIMESTAMP",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
)


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(headers=st.dictionaries(st.sampled_from(HEADER_NAMES), HEADER_TEXT), body=st.binary())
@pytest.mark.usefixtures("known_key")
@pytest.mark.django_db(databases=[])
def test_webhook_with_any_headers_is_never_a_5xx(
    kick: SigningKick, headers: dict[str, str], body: bytes
) -> None:
    request = RequestFactory().post(PATH, body, content_type="application/json")
    request.META.update(headers)

    assert drops_webhook(request).status_code in {400, 401, 413}


# --- The database ------------------------------------------------------------------------------


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_webhook_after_its_connection_died_answers_on_a_new_one(
    kick: SigningKick, campaign: Campaign
) -> None:
    body = claim_body(receive(campaign))
    _end_the_session_of_this_connection()

    response = kick.deliver(body)

    assert response.status_code == 200
    assert Claim.objects.count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_webhook_without_a_database_answers_503(kick: SigningKick, campaign: Campaign) -> None:
    body = claim_body(receive(campaign))
    reachable = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(HOST="127.0.0.1", PORT="1")

    try:
        response = kick.deliver(body)
    finally:
        connection.settings_dict.update(reachable)

    assert response.status_code == 503
    assert not Claim.objects.exists()


def _end_the_session_of_this_connection() -> None:
    other = connection.copy()
    with connection.cursor() as cursor, other.cursor() as other_cursor:
        cursor.execute("SELECT pg_backend_pid()")
        other_cursor.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
    other.close()


@pytest.mark.parametrize(("rows", "size"), [(3, 10**6), (10**6, 3)])
def test_webhook_keeps_no_more_deliveries_than_the_cap(
    kick: SigningKick, monkeypatch: pytest.MonkeyPatch, rows: int, size: int
) -> None:
    monkeypatch.setattr(quarantine, "MAX_ROWS", rows)
    monkeypatch.setattr(quarantine, "MAX_BYTES", size)

    for number in range(5):
        kick.deliver(b"%d" % number, message_id=f"m{number}")

    kept = QuarantinedDelivery.objects.order_by("id").values_list("message_id", flat=True)
    assert list(kept) == ["m2", "m3", "m4"]
