"""An HTTP session that prints each request, its response and its duration, without secrets."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import requests

SHOWN_CHARACTERS = 160
# Hide the local Kick's tokens too, because people paste this output into bug reports.
SECRET_NAMES = {"code", "state", "code_challenge", "code_verifier", "csrfmiddlewaretoken"}
SECRET_NAMES |= {"password", "client_secret", "access_token", "refresh_token"}
HEADING = re.compile(r"<(?:h1|title)[^>]*>(.*?)</(?:h1|title)>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


class Trace(requests.Session):
    def __init__(self, *, say: Callable[[str], None]) -> None:
        super().__init__()
        self.trust_env = False  # don't use the developer's proxy for loopback
        self.hooks["response"].append(self._note)
        self._say = say

    def _note(self, response: requests.Response, **_options: object) -> None:
        request = response.request
        milliseconds = response.elapsed.total_seconds() * 1000
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        sent = _shown_json(json.loads(body)) if body.startswith("{") else _shown_form(body)
        self._say(f"     > {request.method} {_shown_url(request.url or '')} {sent}".rstrip())
        self._say(f"     < {response.status_code} {_shown_answer(response)}  {milliseconds:.0f} ms")


def _shown_url(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=_shown_form(parts.query)))


def _shown_form(text: str) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    return "&".join(f"{name}={'…' if name in SECRET_NAMES else value}" for name, value in pairs)


def _shown_answer(response: requests.Response) -> str:
    if location := response.headers.get("Location"):
        return f"-> {_shown_url(location)}"
    if "json" in response.headers.get("Content-Type", ""):
        return _shown_json(response.json())
    heading = HEADING.search(response.text)
    return _shortened(TAG.sub("", heading[1]) if heading else response.text)


def _shown_json(value: Any) -> str:
    if isinstance(value, dict):
        value = {name: "…" if name in SECRET_NAMES else each for name, each in value.items()}
        if "redirect_to" in value:
            value["redirect_to"] = _shown_url(value["redirect_to"])
    return _shortened(json.dumps(value, ensure_ascii=False))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[: SHOWN_CHARACTERS - 1]}…"
