import logging

import pytest
from django.db import OperationalError
from django.test import Client

from claims.api import problems, views
from claims.api_keys import find_api_key, make_api_key, revoke_api_keys
from tests.factories import NOW

ENTITLEMENTS = "/api/v1/entitlements"


def problem(answer, status):
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    fragment, title = problems.KINDS[status]
    assert body["type"] == f"/api/v1/docs#{fragment}"
    assert (body["title"], body["status"]) == (str(title), status)
    assert body["detail"]
    return body


@pytest.mark.django_db
@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer sd_unknown",
        "Basic abc",
        "sd_unknown",
        "Bearer \xff",
        "Bearer a b",
    ],
)
def test_problem_of_a_bad_key(authorization):
    answer = Client(headers={"Authorization": authorization}).get(ENTITLEMENTS)

    problem(answer, 401)
    assert answer["WWW-Authenticate"] == 'Bearer realm="studio-drops"'


@pytest.mark.parametrize("url", [ENTITLEMENTS, "/api/v1/player", f"{ENTITLEMENTS}/fulfil"])
def test_problem_of_no_key_without_a_statement(client, url):
    send = client.post if url.endswith("fulfil") else client.get

    problem(send(url), 401)


@pytest.mark.django_db
def test_problem_of_a_revoked_key():
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)
    revoke_api_keys(api_key_ids=[api_key.pk], now=NOW)

    answer = Client(headers={"Authorization": f"Bearer {secret}"}).get(ENTITLEMENTS)

    assert "revoked" in problem(answer, 401)["detail"]
    assert secret not in answer.content.decode()


@pytest.mark.django_db
def test_key_is_taken_in_any_case_of_its_scheme_and_its_use_is_noted():
    _, secret = make_api_key(name="lobby", categories=[], now=NOW)

    answer = Client(headers={"Authorization": f"bearer  {secret}"}).get(ENTITLEMENTS)

    assert answer.status_code == 200
    assert find_api_key(secret, now=NOW).last_used_at > NOW


@pytest.mark.parametrize(
    "url", ["/api/v1/nothing", "/api/v1/entitlements/", "/api/v1/", "/api/v2/player", "/api/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_problem_of_an_unknown_address(client, url, method):
    body = problem(client.generic(method, url), 404)

    assert url in body["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_problem_of_another_method(api, method):
    answer = api.generic(method, ENTITLEMENTS)

    problem(answer, 405)
    assert answer["Allow"] == "GET, HEAD"


def test_problem_of_another_answer_than_json(api):
    problem(api.get(ENTITLEMENTS, headers={"Accept": "text/html"}), 406)


def test_problem_of_several_faults_names_each(api):
    body = problem(api.get(ENTITLEMENTS, {"limit": "0", "cursor": "x"}), 400)

    assert [error["parameter"] for error in body["errors"]] == ["limit", "cursor"]


@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError("token=abc"), 500), (OperationalError("gone"), 503)]
)
def test_problem_of_a_fault_of_ours(api, monkeypatch, caplog, error, status):
    def fail(**_kwargs):
        raise error

    monkeypatch.setattr(views, "list_entitlements", fail)

    with caplog.at_level(logging.ERROR):
        answer = api.get(ENTITLEMENTS)

    problem(answer, status)
    assert str(error) not in answer.content.decode()
    assert caplog.records[0].exc_info[1] is error
