"""A webhook is reached past what Django does around other requests, and nothing else is."""

import io
import logging
from collections.abc import Iterable
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.http import StreamingHttpResponse
from django.test import RequestFactory
from django.urls import resolve
from pytest_django.fixtures import Settings

from platforms.kick import WEBHOOK_PATH
from platforms.kick.webhook import drops_webhook
from studio_drops.wsgi import StudioDrops

Answer = tuple[str, dict[str, str], bytes]


def ask(method: str, path: str, body: bytes = b"") -> Answer:
    """What a server is told for a request, as status, headers and body."""
    environ = RequestFactory().generic(method, path, body).META
    told: list[Any] = []
    chunks: Iterable[bytes] = StudioDrops()(
        {**environ, "wsgi.input": io.BytesIO(body)}, lambda *answer: told.extend(answer)
    )
    content = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    return told[0], dict(told[1]), content


@pytest.mark.django_db(databases=[])
def test_webhook_is_answered_and_not_redirected_to_https(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    status, headers, content = ask("POST", WEBHOOK_PATH, b"{}")

    assert status == "401 Unauthorized"
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == str(len(content))
    assert b"Kick-Event-Signature" in content


@pytest.mark.django_db(databases=[])
def test_webhook_goes_past_the_signals() -> None:
    heard: list[object] = []

    def hear(**_: object) -> None:
        heard.append(1)

    request_started.connect(hear)
    try:
        ask("POST", WEBHOOK_PATH)
        assert heard == []
        ask("GET", "/healthz")
        assert heard == [1]
    finally:
        request_started.disconnect(hear)


@pytest.mark.django_db(databases=[])
def test_an_answer_is_handed_over_in_one_piece_and_a_stream_is_not() -> None:
    ended: list[object] = []

    def end(**_: object) -> None:
        ended.append(1)

    def answer_to(path: str) -> Any:
        environ = RequestFactory().get(path).META | {"wsgi.input": io.BytesIO()}
        return StudioDrops()(environ, lambda *_: None)

    request_finished.connect(end)
    try:
        assert (type(answer_to("/healthz")), len(ended)) == (list, 1)
        stream = answer_to("/static/site/site.css")
        assert (isinstance(stream, StreamingHttpResponse), len(ended)) == (True, 1)
        stream.close()
    finally:
        request_finished.disconnect(end)


@pytest.mark.django_db(databases=[])
def test_an_error_in_the_webhook_is_logged_and_answered(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(drops_webhook, "verify", fail)
    with caplog.at_level(logging.ERROR, "django.request"):
        status, _, content = ask("POST", WEBHOOK_PATH, b"{}")

    assert status == "500 Internal Server Error"
    assert b"a bug" not in content
    assert caplog.records[-1].exc_info is not None


@pytest.mark.django_db(databases=[])
@pytest.mark.parametrize("path", [f"{WEBHOOK_PATH}/", "/healthz/", "/link/"])
def test_other_addresses_are_redirected_to_https(path: str, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    status, _, _ = ask("GET", path)

    assert status == "301 Moved Permanently"


def test_urls_name_the_same_view() -> None:
    """So that Django's test client and its `resolve` know the address, too."""
    assert resolve(WEBHOOK_PATH).func is drops_webhook
