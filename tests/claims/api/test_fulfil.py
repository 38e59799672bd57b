import json

import pytest

from claims.models import Entitlement
from tests.factories import make_campaign, make_claim, make_entitlement

URL = "/api/v1/entitlements/fulfil"


def fulfil(client, entitlement_ids, fulfilment_id="hand-out-1"):
    body = {"entitlement_ids": entitlement_ids, "fulfilment_id": fulfilment_id}
    return client.post(URL, body, content_type="application/json")


def outcomes(answer):
    assert answer.status_code == 200, answer.content
    return [(one["id"], one["outcome"]) for one in answer.json()["outcomes"]]


def post(client, body, content_type="application/json"):
    return client.generic("POST", URL, body, content_type=content_type)


def test_fulfil_says_each_outcome(api):
    granted, revoked = make_entitlement(), make_entitlement(status="REVOKED")
    elsewhere = make_entitlement(status="FULFILLED")
    given = [granted.public_id, revoked.public_id, elsewhere.public_id, "nonsense"]

    answer = fulfil(api, given)

    assert outcomes(answer) == list(
        zip(given, ["fulfilled", "revoked", "already_fulfilled", "not_found"], strict=True)
    )
    granted.refresh_from_db()
    assert (granted.status, granted.fulfilment_id) == ("FULFILLED", "hand-out-1")


def test_fulfil_repeated(api):
    entitlement = make_entitlement()

    first, second = (fulfil(api, [entitlement.public_id]) for _ in range(2))

    assert outcomes(first) == outcomes(second) == [(entitlement.public_id, "fulfilled")]


def test_fulfil_by_a_key_of_another_category(make_client):
    claim = make_claim(status="GRANTED", campaign=make_campaign(category="Rust"))
    entitlement = make_entitlement(claim=claim)

    answer = fulfil(make_client("Chess"), [entitlement.public_id])

    assert outcomes(answer) == [(entitlement.public_id, "not_found")]


def test_fulfil_the_same_id_twice_is_one_outcome(api):
    entitlement = make_entitlement()

    answer = fulfil(api, [entitlement.public_id] * 3)

    assert outcomes(answer) == [(entitlement.public_id, "fulfilled")]


def test_fulfil_nothing(api):
    assert outcomes(fulfil(api, [])) == []


def test_fulfil_a_thousand(api):
    assert len(outcomes(fulfil(api, [str(number) for number in range(1, 1001)]))) == 1000


@pytest.mark.parametrize(
    "fulfilment_id", ["x", " padded ", "ünï/code?🎮", "x" * 128, "18446744073709551615"]
)
def test_fulfil_keeps_the_fulfilment_id_as_it_is(api, fulfilment_id):
    entitlement = make_entitlement()

    fulfil(api, [entitlement.public_id], fulfilment_id)

    entitlement.refresh_from_db()
    assert entitlement.fulfilment_id == fulfilment_id


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"fulfilment_id": "x"}, "#/entitlement_ids"),
        ({"entitlement_ids": ["1"]}, "#/fulfilment_id"),
        ({"entitlement_ids": "1", "fulfilment_id": "x"}, "#/entitlement_ids"),
        ({"entitlement_ids": {"1": "1"}, "fulfilment_id": "x"}, "#/entitlement_ids"),
        ({"entitlement_ids": ["1"] * 1001, "fulfilment_id": "x"}, "#/entitlement_ids"),
        ({"entitlement_ids": ["1", 1], "fulfilment_id": "x"}, "#/entitlement_ids/1"),
        ({"entitlement_ids": [True], "fulfilment_id": "x"}, "#/entitlement_ids/0"),
        ({"entitlement_ids": [None], "fulfilment_id": "x"}, "#/entitlement_ids/0"),
        ({"entitlement_ids": [["1"]], "fulfilment_id": "x"}, "#/entitlement_ids/0"),
        ({"entitlement_ids": ["\ud800"], "fulfilment_id": "x"}, "#/entitlement_ids/0"),
        ({"entitlement_ids": ["1"], "fulfilment_id": ""}, "#/fulfilment_id"),
        ({"entitlement_ids": ["1"], "fulfilment_id": None}, "#/fulfilment_id"),
        ({"entitlement_ids": ["1"], "fulfilment_id": 7}, "#/fulfilment_id"),
        ({"entitlement_ids": ["1"], "fulfilment_id": "x" * 129}, "#/fulfilment_id"),
        ({"entitlement_ids": ["1"], "fulfilment_id": "a\x00b"}, "#/fulfilment_id"),
        ({"entitlement_ids": ["1"], "fulfilment_id": "\ud800"}, "#/fulfilment_id"),
        (["1"], "#"),
        ("1", "#"),
        (None, "#"),
    ],
)
def test_fulfil_of_a_body_that_is_not_valid(api, body, pointer):
    entitlement = make_entitlement()

    answer = post(api, json.dumps(body))

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert Entitlement.objects.get(pk=entitlement.pk).status == "GRANTED"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "isn't valid JSON"),
        (b"\xff\xfe", "isn't valid JSON"),
        (b'{"fulfilment_id": NaN}', "NaN isn't valid JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"entitlement_ids": [' + b"9" * 5000 + b"]}", "isn't valid JSON"),
    ],
)
def test_fulfil_of_a_body_that_is_not_json(api, body, said):
    answer = post(api, body)

    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_fulfil_of_a_body_that_is_too_large(api):
    answer = post(api, b" " * (256 * 1024 + 1))

    assert answer.status_code == 413
    assert answer.json()["detail"] == "The body is larger than 256 KiB. Send fewer ids per call."


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "x"])
def test_fulfil_of_another_content_type(api, content_type):
    assert post(api, b"{}", content_type=content_type).status_code == 415


@pytest.mark.parametrize("charset", ["utf-16", "hex", "nonsense"])
def test_fulfil_whatever_charset_it_claims(api, charset):
    entitlement = make_entitlement()
    body = json.dumps({"entitlement_ids": [entitlement.public_id], "fulfilment_id": "é"})

    answer = post(api, body.encode(), content_type=f"application/json; charset={charset}")

    assert outcomes(answer) == [(entitlement.public_id, "fulfilled")]
