"""In a real browser: no page of the admin, and not the API's docs, has anything that the strict
Content-Security-Policy blocks, and what needs JavaScript works under it."""

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.urls import reverse

from claims.models import RewardItem
from tests.chromium import ARGUMENTS, find_chromium
from tests.claims.desk.admin.test_every_page import MODELS

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.chromium,
]
EDITABLE = ["claims_campaign", "claims_reward", "claims_item", "claims_apikey"]


@pytest.fixture
def browser(monkeypatch):
    # Playwright keeps an event loop in this thread, in which Django takes us for asynchronous.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield chromium
        chromium.close()


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
    connection.close()  # within that event loop the test has a database connection of its own


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


def test_no_page_is_touched_by_the_policy(page, live_server, one_of_each):
    addresses = ["/admin/", "/api/v1/docs", "/admin/auth/user/add/", "/admin/password_change/"]
    for model in MODELS:
        args = [one_of_each[model].pk]
        addresses += [
            reverse(f"admin:{model}_changelist"),
            reverse(f"admin:{model}_change", args=args),
        ]
    addresses += [reverse(f"admin:{model}_add") for model in EDITABLE]

    for address in addresses:
        assert page.goto(live_server.url + address).status == 200, address

    assert page.complaints == []


def test_reward_is_mapped_by_hand(page, live_server, one_of_each, settings):
    reward, item = one_of_each["claims_reward"], one_of_each["claims_item"]
    RewardItem.objects.all().delete()

    page.goto(live_server.url + reverse("admin:claims_reward_change", args=[reward.pk]))
    page.click(".add-row a")
    page.click(".select2-selection")
    page.fill(".select2-search__field", item.sku)
    page.get_by_role("option", name=item.name, exact=True).click()
    page.fill("[name=mapping-0-quantity]", "3")
    page.click("[name=_save]")
    page.wait_for_selector(".messagelist .success")

    assert list(reward.mapping.values_list("item", "quantity")) == [(item.pk, 3)]
    assert page.complaints == []


def test_nothing_is_cut_off_on_a_phone(page, live_server, one_of_each):
    page.set_viewport_size({"width": 390, "height": 844})

    for model in MODELS:
        args = [one_of_each[model].pk]
        for name in (f"admin:{model}_changelist", f"admin:{model}_change"):
            page.goto(
                live_server.url + reverse(name, args=args if name.endswith("_change") else [])
            )
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, (name, width)
