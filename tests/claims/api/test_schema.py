"""The schema is checked against what the API really answers, and against what OpenAPI allows."""

from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from jsonschema import Draft202012Validator

from tests.claims.api.operations import OPERATIONS
from tests.factories import make_account, make_entitlement, make_player


@pytest.fixture(scope="module")
def schema():
    written = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=written)
    return yaml.safe_load(written.getvalue())


def checked(node):
    """The same in JSON Schema's words, with every object closed: no field may go unmentioned."""
    if isinstance(node, list):
        return [checked(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    node = {key: checked(inner) for key, inner in node.items()}
    if node.pop("nullable", False):
        if "type" not in node:
            return {"anyOf": [node, {"type": "null"}]}
        node["type"] = [node["type"], "null"]
    if node.get("type") == "object":
        node["additionalProperties"] = False
    return node


def faults(schema, operation, status, answer):
    media_type = answer["Content-Type"]
    described = operation["responses"][str(status)]["content"][media_type]["schema"]
    components = {"components": checked(schema["components"])}
    return list(Draft202012Validator(described | components).iter_errors(answer.json()))


@pytest.mark.parametrize(("method", "path", "sent", "status"), OPERATIONS)
def test_answer_is_what_the_schema_says(api, schema, method, path, sent, status):
    player = make_player(game_account_id="hero-7")
    make_account(player=player)
    make_entitlement(player=player)
    make_entitlement(player=player, status="FULFILLED")

    if method == "get":
        answer = api.get(path, sent)
    else:
        answer = api.post(path, sent, content_type="application/json")

    assert answer.status_code == status
    assert faults(schema, schema["paths"][path][method], status, answer) == []


@pytest.mark.parametrize("path", ["/api/v1/entitlements", "/api/v1/player"])
def test_answer_without_a_key_is_what_the_schema_says(client, schema, path):
    answer = client.get(path)

    assert faults(schema, schema["paths"][path]["get"], 401, answer) == []


def test_schema_names_every_address_and_its_examples_fit(schema):
    assert sorted(schema["paths"]) == [
        "/api/v1/entitlements",
        "/api/v1/entitlements/changes",
        "/api/v1/entitlements/fulfil",
        "/api/v1/link-tickets",
        "/api/v1/link-tickets/{ticket_id}",
        "/api/v1/link-tickets/{ticket_id}/undo",
        "/api/v1/player",
        "/api/v1/players/sync",
    ]
    components = {"components": checked(schema["components"])}
    for content in contents(schema):
        for example in content.get("examples", {}).values():
            Draft202012Validator(content["schema"] | components).validate(example["value"])


def contents(schema):
    for methods in schema["paths"].values():
        for operation in methods.values():
            yield from operation.get("requestBody", {}).get("content", {}).values()
            for response in operation["responses"].values():
                yield from response["content"].values()


def test_schema_asks_for_a_key(schema):
    for methods in schema["paths"].values():
        for operation in methods.values():
            assert operation["security"] == [{"apiKey": []}]


def test_schema_is_public(client):
    answer = client.get("/api/v1/schema")

    assert answer.status_code == 200
    assert yaml.safe_load(answer.content)["openapi"].startswith("3.")


@pytest.mark.parametrize("header", ["Bearer sd_unknown", "Basic abc"])
def test_schema_is_public_whatever_key_is_sent(client, header):
    assert client.get("/api/v1/schema", headers={"Authorization": header}).status_code == 200
