"""The API docs page, rendered on the server from the OpenAPI schema: no scripts, no downloads."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from claims.api import examples
from claims.api.openapi import public_schema, resolve
from claims.api.problems import KINDS, MEDIA_TYPE

Json = dict[str, Any]

# Keyword in the schema -> text on the page.
LIMITS = {
    "minimum": _("at least %s"),
    "maximum": _("at most %s"),
    "default": _("default: %s"),
    "maxLength": _("at most %s characters"),
    "maxItems": _("at most %s entries"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a body field. `name` is a path such as `entitlements[].sku`."""

    name: str
    type: str
    is_required: bool
    description: SafeString
    choices: list[str]
    limits: str


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: list[SafeString]
    parameters: list[Field]
    body: list[Field]
    answer: list[Field]
    curl: str
    answer_example: str
    problems: list[tuple[int, str, str]]


@require_safe
def docs_page(request: HttpRequest) -> HttpResponse:
    schema = public_schema()
    context = {
        "operations": list(operations_of(schema)),
        "problems": [_problem(status) for status in KINDS],
        "problem_example": _pretty(examples.PROBLEM),
        "problem_media_type": MEDIA_TYPE,
        "public_url": settings.PUBLIC_URL,
    }
    return render(request, "api/docs.html", context)


def operations_of(schema: Json) -> Iterator[Operation]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield _operation(schema, method.upper(), path, operation)


def _operation(schema: Json, method: str, path: str, operation: Json) -> Operation:
    body = _json_of(operation.get("requestBody", {}))
    answer = _json_of(operation["responses"]["200"])
    return Operation(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        description=[_marked(text) for text in operation["description"].split("\n\n")],
        parameters=[
            _field(schema, one["name"], one["schema"], one, one.get("required", False))
            for one in operation.get("parameters", [])
        ],
        body=list(_fields(schema, body.get("schema", {}))),
        answer=list(_fields(schema, answer["schema"])),
        curl=_curl(method, path, operation, body),
        answer_example=_pretty(_example(answer)),
        problems=[
            _problem(int(status))
            for status, response in operation["responses"].items()
            if MEDIA_TYPE in response["content"]
        ],
    )


def _json_of(content: Json) -> Json:
    found: Json = content.get("content", {}).get("application/json", {})
    return found


def _fields(schema: Json, node: Json, prefix: str = "") -> Iterator[Field]:
    """The fields of an object and of the objects in its lists, depth first."""
    node = resolve(schema, node)
    for name, of_field in node.get("properties", {}).items():
        resolved = resolve(schema, of_field)
        suffix = "[]" if resolved.get("type") == "array" else ""
        is_required = name in node.get("required", ())
        yield _field(schema, f"{prefix}{name}{suffix}", resolved, of_field, is_required)
        inner = resolved.get("items", resolved)
        yield from _fields(schema, inner, f"{prefix}{name}{suffix}.")


def _field(schema: Json, name: str, node: Json, described: Json, is_required: bool) -> Field:
    node = resolve(schema, node)
    of_choices = resolve(schema, node.get("items", node))
    return Field(
        name=name,
        type=_type(schema, node),
        is_required=is_required,
        description=_marked(described.get("description") or node.get("description") or ""),
        choices=[choice for choice in of_choices.get("enum", []) if choice],
        limits=", ".join(text % node[key] for key, text in LIMITS.items() if key in node),
    )


def _marked(text: str) -> SafeString:
    """Render the schema's Markdown. It only uses `code`."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))  # noqa: S308


def _problem(status: int) -> tuple[int, str, str]:
    fragment, title = KINDS[status]
    return status, fragment, str(title)


def _type(schema: Json, node: Json) -> str:
    if node.get("type") == "array":
        return f"list of {_type(schema, resolve(schema, node['items']))}"
    name = {"date-time": "time"}.get(node.get("format", ""), node.get("type", "object"))
    return f"{name} or null" if node.get("nullable") else str(name)


def _example(content: Json) -> Any:
    examples = content.get("examples", {})
    return next((example["value"] for example in examples.values()), None)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _curl(method: str, path: str, operation: Json, body: Json) -> str:
    query = {}
    for parameter in operation.get("parameters", []):
        example = _example(parameter)
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(example))
        elif example is not None:
            query[parameter["name"]] = example
    address = f"{settings.PUBLIC_URL}{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    lines = [f"curl '{address}'", '-H "Authorization: Bearer $API_KEY"']
    if method != "GET" and not body:
        lines.insert(1, "-X POST")
    elif method != "GET":
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(_example(body))}'"]
    return " \\\n  ".join(lines)
