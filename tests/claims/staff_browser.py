"""Fixtures: Chromium, and a page in it on which staff is logged in."""

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from tests.chromium import ARGUMENTS, find_chromium


@pytest.fixture(scope="module")
def browser(django_db_setup):
    """One Chromium for the module. `page` makes a new profile in it for each test."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with pytest.MonkeyPatch.context() as patch, sync_api.sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, so Django takes our code for asynchronous.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield chromium
        chromium.close()
        connection.close()  # within that event loop the tests have a connection of their own


@pytest.fixture
def page(browser, live_server):
    """Logged in as staff; `page.complaints` collects what the browser's console complains of."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session(), "url": live_server.url}]
    )
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: complain(page, message))
    page.on("pageerror", lambda error: page.complaints.append((page.url, str(error))))
    yield page
    context.close()


def complain(page, message):
    if message.type in ("warning", "error"):
        page.complaints.append((page.url, message.text))


def session():
    user = User.objects.create(username="root", is_staff=True, is_superuser=True)
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return store.session_key
