"""The WSGI entry point: `studio_drops.wsgi:application`.

Requests to the platforms' webhooks skip Django's middleware and request signals and go straight to
the view. A signed POST needs no session, no CSRF check, no static files and no redirect to https.
Together they took longer than verifying the signature.
"""

import os
from collections.abc import Callable, Iterable
from typing import cast
from wsgiref.types import StartResponse, WSGIEnvironment

import django
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio_drops.settings")
django.setup(set_prefix=False)

from core import metrics  # noqa: E402 (as below)
from platforms.registry import webhooks  # noqa: E402 (its models need django.setup)

View = Callable[[HttpRequest], HttpResponse]


PARTS = ("admin", "api", "channel", "link", "metrics", "readyz", "webhooks")


def count_server_error(path: str) -> None:
    part = path.strip("/").partition("/")[0]
    metrics.SERVER_ERRORS.labels(part=part if part in PARTS else "other").inc()


class StudioDrops:
    """Django's WSGI application with a shortcut for the platforms' webhooks."""

    def __init__(self) -> None:
        self._django = WSGIHandler()
        self._webhooks = {
            path: cast("View", convert_exception_to_response(webhook))
            for path, webhook in webhooks().items()
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        webhook = self._webhooks.get(environ["PATH_INFO"])
        if webhook is None:
            answer: HttpResponseBase = self._django(environ, start_response)
            if answer.status_code >= 500:
                count_server_error(environ["PATH_INFO"])
            if not isinstance(answer, HttpResponse):
                return answer
            # As one chunk, which Granian sends in one call.
            content = answer.content
            answer.close()
            return [content]
        response = webhook(WSGIRequest(environ))
        if response.status_code >= 500:
            count_server_error(environ["PATH_INFO"])
        body = response.content
        headers = [*response.items(), ("Content-Length", str(len(body)))]
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return [body]


application = StudioDrops()
