"""docs/developers/openapi.yaml is up to date, and changes that break game servers are found."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from claims.api.compatibility import find_breaking_changes
from studio_drops.management.commands.write_openapi import FILE, schema_text

Json = dict[str, Any]


@pytest.fixture(scope="module")
def schema() -> Json:
    return yaml.safe_load(schema_text())


def test_committed_schema_is_the_code_s(schema: Json) -> None:
    """Run `python manage.py write_openapi` after a change of the API."""
    assert yaml.safe_load(FILE.read_text()) == schema


def operation(schema: Json, call: str) -> Json:
    method, path = call.split()
    return schema["paths"][f"/api/v1/{path}"][method]


def component(schema: Json, name: str) -> Json:
    return schema["components"]["schemas"][name]


def remove_call(new: Json) -> None:
    del new["paths"]["/api/v1/players/sync"]


def remove_parameter(new: Json) -> None:
    operation(new, "get entitlements")["parameters"].pop(0)


def require_parameter(new: Json) -> None:
    operation(new, "get entitlements")["parameters"][0]["required"] = True


def narrow_parameter(new: Json) -> None:
    parameters = operation(new, "get entitlements")["parameters"]
    next(one for one in parameters if one["name"] == "limit")["schema"]["maximum"] = 10


def require_field(new: Json) -> None:
    component(new, "LinkTicketBody")["required"].append("name")


def remove_body_field(new: Json) -> None:
    del component(new, "Fulfilment")["properties"]["fulfilment_id"]


def remove_answer_field(new: Json) -> None:
    del component(new, "Entitlement")["properties"]["sku"]


def change_answer_type(new: Json) -> None:
    component(new, "Entitlement")["properties"]["quantity"]["type"] = "string"


def make_answer_nullable(new: Json) -> None:
    component(new, "Entitlement")["properties"]["sku"]["nullable"] = True


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (remove_call, "POST /api/v1/players/sync is gone."),
        (remove_parameter, "the parameter"),
        (require_parameter, "is required now."),
        (narrow_parameter, "has a maximum of 10 now"),
        (require_field, "the field name of the body is required now."),
        (remove_body_field, "the field fulfilment_id of the body is gone."),
        (remove_answer_field, "entitlements[].sku is gone."),
        (change_answer_type, "entitlements[].quantity is of type string now, not integer."),
        (make_answer_nullable, "entitlements[].sku can be null now."),
    ],
)
def test_breaking_change_is_found(schema: Json, change: Callable[[Json], None], found: str) -> None:
    new = copy.deepcopy(schema)
    change(new)

    changes = find_breaking_changes(schema, new)

    assert any(found in one for one in changes), changes


def test_additions_break_nothing(schema: Json) -> None:
    new = copy.deepcopy(schema)
    new["paths"]["/api/v1/other"] = copy.deepcopy(new["paths"]["/api/v1/player"])
    component(new, "Entitlement")["properties"]["colour"] = {"type": "string"}
    operation(new, "get entitlements")["parameters"].append(
        {"name": "colour", "in": "query", "schema": {"type": "string"}}
    )

    assert find_breaking_changes(schema, new) == []
