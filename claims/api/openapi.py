"""The OpenAPI schema, made once. Anyone may request it, and making it takes a tenth of a second.

drf-spectacular loads its classes when it first makes a schema. Two threads that do so at once fail.
"""

import threading
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

_making = threading.Lock()


def public_schema() -> dict[str, Any]:
    with _making:
        return _make_schema()


@cache
def _make_schema() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(  # type: ignore[no-untyped-call]
        request=None, public=True
    )
    return schema


def resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow a `$ref`. drf-spectacular wraps it in an allOf when the field has a description."""
    if len(node.get("allOf", ())) == 1:
        return {**resolve(schema, node["allOf"][0]), **node}
    if "$ref" not in node:
        return node
    target: dict[str, Any] = schema["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    return target


class SchemaView(SpectacularAPIView):
    authentication_classes = []

    def _get_schema_response(self, request: Request) -> Response:
        name = self._get_filename(request, "")  # type: ignore[no-untyped-call]
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return Response(data=public_schema(), headers=headers)
