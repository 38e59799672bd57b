"""Parses request bodies: UTF-8 JSON of limited size, without NaN or Infinity."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from claims.api.problems import PayloadTooLarge

MAX_BODY_BYTES = 256 * 1024


class BoundedJSONParser(BaseParser):
    """REST framework's parser accepts any size, charset and depth."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002 (JSON is always UTF-8)
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise PayloadTooLarge(_("The body is larger than 256 KiB. Send fewer ids per call."))
        try:
            return json.loads(body.decode(), parse_constant=refuse_constant)
        except RecursionError:
            raise ParseError(
                _("The body is nested too deeply. See /api/v1/docs for its format.")
            ) from None
        except ValueError as error:
            raise ParseError(
                _("The body isn't valid JSON: %(error)s.") % {"error": error}
            ) from None


def refuse_constant(constant: str) -> NoReturn:
    raise ValueError(_("%(constant)s isn't valid JSON") % {"constant": constant})
