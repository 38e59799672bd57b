"""The pages of last resort, and the headers of every page."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from pytest_django.fixtures import Settings

from studio_drops import errors
from studio_drops.errors import HideAddresses

handler400 = "studio_drops.errors.bad_request"
handler403 = "studio_drops.errors.permission_denied"
handler404 = "studio_drops.errors.page_not_found"
handler500 = "studio_drops.errors.server_error"


def fail(_request: HttpRequest, kind: str) -> HttpResponse:
    raise {"400": SuspiciousOperation, "403": PermissionDenied, "500": ZeroDivisionError}[kind](
        "a secret"
    )


urlpatterns = [path("link/", include("accounts.pages.urls")), path("fail/<kind>", fail)]


@pytest.fixture
def client(settings: Settings) -> Client:
    settings.DEBUG = False
    settings.SECURE_SSL_REDIRECT = False
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


# Without a mark for the database, a statement would fail these tests.
@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("/fail/400", 400, "wasn’t valid"),
        ("/fail/403", 403, "You can’t open this page"),
        ("/nowhere", 404, "This page doesn’t exist"),
        ("/fail/500", 500, "Something went wrong on our side"),
    ],
)
def test_error_page_needs_no_database(
    client: Client, address: str, status: int, sentence: str
) -> None:
    response = client.get(address)

    page = response.content.decode()
    assert response.status_code == status
    assert sentence in page
    assert "Starfall Online" in page
    assert "a secret" not in page


def test_csrf_failure_says_what_helps(rf: RequestFactory) -> None:
    response = errors.csrf_failure(rf.post("/"), reason="CSRF cookie not set.")

    assert response.status_code == 403
    assert "Go back, reload the page" in response.content.decode()


@pytest.mark.django_db
def test_pages_have_nothing_inline(client: Client, settings: Settings) -> None:
    page = client.get("/link/")

    text = page.content.decode()
    assert "unsafe" not in page["Content-Security-Policy"]
    assert not [part for part in ("<style", " style=", " onclick=", "<script>") if part in text]


def test_debug_pages_hide_addresses_with_passwords() -> None:
    hide = HideAddresses().cleanse_setting

    hidden = [
        hide("DATABASE_URL", "postgresql://drops:secret@db/drops"),
        hide("CELERY_BROKER_URL", "redis://:secret@broker"),
        hide("DATABASES", {"default": {"PASSWORD": "secret"}}),
    ]

    assert "secret" not in str(hidden)
