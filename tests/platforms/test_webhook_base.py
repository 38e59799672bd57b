"""The base webhook: size, headers, signature, parse, record, answer, in this order."""

import io
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from prometheus_client import REGISTRY

from claims.models import Claim, QuarantinedDelivery, Reward
from claims.source import Award, Source
from platforms.webhook import Delivery, Parsed, Refusal, SignedWebhook, Unusable
from tests.factories import make_account, make_item, make_player, make_reward

pytestmark = pytest.mark.django_db


class Tips(Source):
    name = "tips"
    platform = "tiny"
    label = "Tips"


@dataclass
class TinyDelivery:
    body: bytes
    sent_at: datetime
    message_id: str = "message-1"
    timestamp: str = "as in the header"


class TinyWebhook(SignedWebhook):
    """A body is a JSON list of [id, viewer, reward]. `Tiny-Signature: yes` signs it."""

    headers = ("Tiny-Signature", "Tiny-Age")
    max_body_bytes = 1000
    usual_body_bytes = 500

    def __init__(self, source: Source | None = None) -> None:
        super().__init__()
        self.source = source or Tips()
        self.steps: list[str] = []
        self.seen: Mapping[str, str] = {}

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> TinyDelivery:
        self.steps.append("verify")
        self.seen = dict(headers)
        if headers.get("Tiny-Signature") != "yes":
            raise Refusal(401, "forged", "Not signed.")
        return TinyDelivery(body, now - timedelta(minutes=int(headers.get("Tiny-Age", "0"))))

    def parse(self, delivery: Delivery) -> Parsed:
        self.steps.append("parse")
        try:
            rows = json.loads(delivery.body)
        except ValueError as error:
            raise Unusable("Not JSON.") from error
        if rows == "for another URL":
            raise Refusal(400, "other_event", "Wrong URL.")
        awards = [
            Award(f"tips:{number}", f"tiny:{viewer}", f"tips:{reward}", message_id="message-1")
            for number, viewer, reward in rows
        ]
        return Parsed(self.source, awards)


def send(
    webhook: SignedWebhook, content: Any = (), *, raw: bytes | None = None, **headers: str
) -> HttpResponse:
    body = json.dumps(content).encode() if raw is None else raw
    names = {"Tiny-Signature": "yes"} | {key.replace("_", "-"): headers[key] for key in headers}
    request = RequestFactory().post(
        "/webhook", body, content_type="application/json", headers=names
    )
    return webhook(request)


def said(response: HttpResponse) -> Any:
    return json.loads(response.content)


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


# --- Size --------------------------------------------------------------------------------------


@pytest.mark.django_db(databases=[])
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_method_is_checked_first(method: str) -> None:
    webhook = TinyWebhook()

    response = webhook(RequestFactory().generic(method, "/webhook", b"x" * 2000))

    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert webhook.steps == []


@pytest.mark.django_db(databases=[])
def test_long_body_is_refused_before_its_signature() -> None:
    webhook = TinyWebhook()

    response = send(webhook, raw=b"x" * 1001)

    assert response.status_code == 413
    assert said(response) == {"error": "Body too large. Maximum: 1000 bytes."}
    assert webhook.steps == []


@pytest.mark.django_db(databases=[])
@pytest.mark.parametrize(("length", "status", "steps"), [(1000, 401, ["verify"]), (1001, 413, [])])
def test_chunked_body_has_the_same_limit(length: int, status: int, steps: list[str]) -> None:
    webhook = TinyWebhook()
    request = RequestFactory().post("/webhook", content_type="application/json")
    request.META["HTTP_TRANSFER_ENCODING"] = "chunked"
    request.META["wsgi.input"] = io.BytesIO(b"x" * length)

    assert webhook(request).status_code == status
    assert webhook.steps == steps


@pytest.mark.django_db(databases=[])
@pytest.mark.parametrize("length", ["-1", "1.5", "many", "¹"])
def test_length_that_is_no_number_is_refused_before_the_signature(length: str) -> None:
    webhook = TinyWebhook()
    request = RequestFactory().post("/webhook", b"[]", content_type="application/json")
    request.META["CONTENT_LENGTH"] = length

    assert webhook(request).status_code == 400
    assert webhook.steps == []


@pytest.mark.django_db(databases=[])
def test_truncated_body_is_refused_before_its_signature() -> None:
    webhook = TinyWebhook()
    request = RequestFactory().post("/webhook", b"[]", content_type="application/json")
    request.META["CONTENT_LENGTH"] = "500"

    response = webhook(request)

    assert response.status_code == 400
    assert said(response) == {"error": "The body is shorter than its Content-Length."}
    assert webhook.steps == []


# --- Headers and signature ---------------------------------------------------------------------


def test_verify_gets_the_platform_s_headers_by_their_names() -> None:
    webhook = TinyWebhook()

    send(webhook, Tiny_Age="3", Other="4")
    assert webhook.seen == {"Tiny-Signature": "yes", "Tiny-Age": "3"}
    send(webhook)
    assert webhook.seen == {"Tiny-Signature": "yes"}


@pytest.mark.django_db(databases=[])
def test_unsigned_delivery_is_neither_parsed_nor_stored() -> None:
    webhook = TinyWebhook()
    before = counted("studio_drops_deliveries_total", outcome="forged")

    response = send(webhook, raw=b"not JSON", Tiny_Signature="no")

    assert (response.status_code, said(response)) == (401, {"error": "Not signed."})
    assert webhook.steps == ["verify"]
    assert counted("studio_drops_deliveries_total", outcome="forged") == before + 1


@pytest.mark.parametrize(("age", "skewed"), [("9", 0), ("11", 1), ("-11", 1)])
def test_skewed_delivery_is_counted_and_recorded(age: str, skewed: int) -> None:
    before = counted("studio_drops_skewed_deliveries_total")

    response = send(TinyWebhook(), [[1, "owl", "cape"]], Tiny_Age=age)

    assert response.status_code == 200
    assert counted("studio_drops_skewed_deliveries_total") == before + skewed


# --- Parse -------------------------------------------------------------------------------------


def test_unusable_delivery_is_quarantined_and_refused() -> None:
    webhook = TinyWebhook()

    response = send(webhook, raw=b"not JSON")

    assert (response.status_code, said(response)) == (400, {"error": "Not JSON."})
    assert webhook.steps == ["verify", "parse"]
    kept = QuarantinedDelivery.objects.get()
    assert (kept.verdict, kept.message_id, bytes(kept.body)) == (
        "UNUSABLE",
        "message-1",
        b"not JSON",
    )


@pytest.mark.django_db(databases=[])
def test_delivery_for_another_url_is_refused_and_not_kept() -> None:
    response = send(TinyWebhook(), "for another URL")

    assert (response.status_code, said(response)) == (400, {"error": "Wrong URL."})


# --- Record and answer -------------------------------------------------------------------------


def test_one_award_is_recorded_and_answered() -> None:
    before = timezone.now()

    response = send(TinyWebhook(), [[1, "owl", "cape"]])

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert said(response) == {"claim_id": "tips:1", "status": "HELD"}
    claim = Claim.objects.get()
    assert (claim.source, claim.path, claim.hold_reason) == ("tips", "WEBHOOK", "UNCONFIRMED")
    assert claim.message_id == "message-1"
    assert before <= claim.received_at <= claim.recorded_at


def test_several_awards_are_recorded_and_answered_each() -> None:
    make_reward(reward_id="tips:cape", source="tips", items=[(make_item(), 1)])
    make_account(key="tiny:owl", player=make_player())

    response = send(TinyWebhook(), [[2, "fox", "cape"], [3, "owl", "crown"], [1, "owl", "cape"]])

    assert response.status_code == 200
    assert [(one["claim_id"], one["status"]) for one in said(response)["claims"]] == [
        ("tips:2", "HELD"),
        ("tips:3", "HELD"),
        ("tips:1", "GRANTED"),
    ]
    assert dict(Claim.objects.values_list("pk", "hold_reason")) == {
        "tips:1": "",
        "tips:2": "NOT_LINKED",
        "tips:3": "UNCONFIRMED",
    }


def test_each_award_is_logged_with_its_own_account(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "platforms.webhook"):
        send(TinyWebhook(), [[1, "owl", "cape"], [1, "owl", "cape"], [2, "fox", "cape"]])

    logged = [vars(record)["fields"] for record in caplog.records]
    assert {(one["claim_id"], one["account_id"]) for one in logged} == {
        ("tips:1", "tiny:owl"),
        ("tips:2", "tiny:fox"),
    }
    assert sorted(one["outcome"] for one in logged) == ["held", "held", "known"]


def test_award_that_is_in_a_delivery_twice_is_answered_once() -> None:
    response = send(TinyWebhook(), [[1, "owl", "cape"], [1, "owl", "cape"]])

    assert said(response) == {"claim_id": "tips:1", "status": "HELD"}


def test_repeat_changes_nothing_and_gets_the_same_answer() -> None:
    awards = [[1, "owl", "cape"], [2, "fox", "cape"]]

    first, again = send(TinyWebhook(), awards), send(TinyWebhook(), awards)

    assert said(first) == said(again)
    assert Claim.objects.count() == 2
    assert not QuarantinedDelivery.objects.exists()


def test_award_that_differs_is_quarantined_and_the_others_are_recorded() -> None:
    send(TinyWebhook(), [[1, "owl", "cape"]])

    response = send(TinyWebhook(), [[1, "owl", "crown"], [2, "owl", "cape"]])

    assert response.status_code == 200
    assert set(Claim.objects.values_list("pk", "reward")) == {
        ("tips:1", "tips:cape"),
        ("tips:2", "tips:cape"),
    }
    kept = QuarantinedDelivery.objects.get()
    assert (kept.source, kept.verdict, kept.claim_id) == ("tips", "DIFFERS", "tips:1")


def test_delivery_without_awards_is_answered_and_counted() -> None:
    before = counted("studio_drops_deliveries_total", outcome="empty")

    response = send(TinyWebhook(), [])

    assert (response.status_code, said(response)) == (200, {"claims": []})
    assert counted("studio_drops_deliveries_total", outcome="empty") == before + 1


@pytest.mark.parametrize(("is_trusted", "reason"), [(True, "NOT_LINKED"), (False, "UNCONFIRMED")])
def test_reward_is_registered_at_once_if_the_source_trusts_deliveries(
    is_trusted: bool, reason: str
) -> None:
    source = Tips()
    source.trusts_deliveries = is_trusted
    make_item(sku="tips:cape")
    make_reward(reward_id="tips:other", source="tips")

    send(TinyWebhook(source), [[1, "owl", "cape"]])

    assert Reward.objects.filter(pk="tips:cape", source="tips").exists() == is_trusted
    hold_reason = Claim.objects.get().hold_reason
    assert hold_reason == ("UNMAPPED_REWARD" if is_trusted else reason)


def test_view_needs_no_csrf_token() -> None:
    assert TinyWebhook().csrf_exempt
