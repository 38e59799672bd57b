"""Kick's webhook is reached past the middleware that is for browsers, and nothing else is."""

import pytest
from django.test import Client
from django.urls import resolve
from pytest_django.fixtures import Settings

from claims.webhook import drops_webhook
from studio_drops.middleware import WEBHOOK_PATH


def test_webhook_is_answered_and_not_redirected_to_https(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    response = Client().post(WEBHOOK_PATH, b"{}", content_type="application/json")

    assert response.status_code == 401
    assert response["Content-Length"] == str(len(response.content))


@pytest.mark.parametrize("path", [f"{WEBHOOK_PATH}/", "/healthz/", "/link/"])
def test_other_addresses_are_redirected_to_https(path: str, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    response = Client().get(path)

    assert response.status_code == 301


def test_urls_name_the_same_view() -> None:
    assert resolve(WEBHOOK_PATH).func is drops_webhook
