"""How bodies are read: UTF-8 JSON of bounded size, and nothing in it that JSON does not have."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from claims.api.problems import PayloadTooLarge

MAX_BODY_BYTES = 256 * 1024


class BoundedJSONParser(BaseParser):
    """REST framework's own parser reads any amount, follows any charset and any depth."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002 (JSON is UTF-8, whatever it says)
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise PayloadTooLarge(_("A body may have 256 KiB. Send fewer ids per call."))
        try:
            return json.loads(body.decode(), parse_constant=_refuse_constant)
        except RecursionError:
            raise ParseError(_("The body is nested too deep.")) from None
        except ValueError as error:
            raise ParseError(_("The body is not JSON: %(error)s.") % {"error": error}) from None


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(_("%(constant)s is not JSON") % {"constant": constant})
