"""The desk's menu: seven sections, and each member of staff sees only what they may open."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from claims.desk.menu import INTERNALS, SECTIONS

pytestmark = pytest.mark.django_db

ALL_SECTIONS = [
    "Overview",
    "Campaigns",
    "Offers",
    "Players",
    "Catalogue",
    "Developers",
    "Team and audit",
]


@pytest.fixture
def log_in(client: Client) -> Any:
    def as_member_of(*groups: str) -> Client:
        user = User.objects.create_user("ada", password="x", is_staff=True)
        user.groups.set(Group.objects.filter(name__in=groups))
        client.force_login(user)
        return client

    return as_member_of


def labels(html: str, menu: str = "Menu") -> list[str]:
    found = re.search(rf'<nav class="menu[^"]*" aria-label="{menu}">(.*?)</nav>', html, re.DOTALL)
    return re.findall(r">([^<]+)</a>", found[1]) if found else []


def addresses(html: str) -> set[str]:
    """The links of the menu."""
    menus = re.findall(r'<nav class="menu.*?</nav>', html, re.DOTALL)
    return set(re.findall(r'href="([^"]+)"', "".join(menus)))


def page(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer
    return answer.content.decode()


@pytest.mark.parametrize("group", ["support", "ops", "owners"])
def test_menu_has_seven_sections_and_every_page_of_it_opens(log_in: Any, group: str) -> None:
    client = log_in(group)

    html = page(client, "/admin/")
    assert labels(html) == ALL_SECTIONS
    for url in addresses(html):
        for entry in addresses(page(client, url)):
            page(client, entry)


def test_internals_and_keys_are_for_owners(log_in: Any) -> None:
    client = log_in("ops")

    html = page(client, "/admin/claims/quarantineddelivery/")

    assert labels(html, "Developers") == ["Quarantine", "Reconcile runs"]
    assert client.get("/admin/desk/internals").status_code == 403
    assert client.get("/admin/core/lease/").status_code == 403


def test_owner_finds_the_machinery_on_one_page(log_in: Any) -> None:
    client = log_in("owners")

    html = page(client, "/admin/desk/internals")

    assert labels(html, "Developers") == [
        "API keys",
        "Webhook endpoints",
        "Webhook messages",
        "Quarantine",
        "Reconcile runs",
        "Internals",
    ]
    for entry in INTERNALS:
        assert entry.url in html
        page(client, entry.url)


def test_staff_without_a_group_is_told_so(log_in: Any) -> None:
    html = page(log_in(), "/admin/")

    assert "ask an owner to add you to a group" in html
    assert labels(html) == ["Overview"]


def test_menu_has_every_list() -> None:
    entries = [entry for section in SECTIONS for entry in section.entries]
    urls = {entry.url for entry in (*entries, *INTERNALS)}

    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert reverse(f"admin:{name}_changelist") in urls


@pytest.mark.parametrize(
    ("url", "section", "entry"),
    [
        ("/admin/", "Overview", "Overview"),
        ("/admin/desk/mapping", "Campaigns", "Unmapped rewards"),
        ("/admin/desk/search?term=nova", "Players", "Players"),
        ("/admin/claims/item/add/", "Catalogue", "Items"),
        ("/admin/core/lease/", "Developers", "Internals"),
        ("/admin/claims/bulkjob/", "Team and audit", "Bulk jobs"),
    ],
)
def test_open_page_is_marked(admin_client: Client, url: str, section: str, entry: str) -> None:
    html = page(admin_client, url)

    marked = re.findall(r'aria-current="\w+">([^<]+)</a>', html)
    assert marked[:2] == [section, entry]


def test_page_of_an_object_is_titled_with_its_name(admin_client: Client) -> None:
    html = page(admin_client, "/admin/claims/item/add/")

    assert "<h1>New: item</h1>" in html
    assert '<a href="/admin/claims/item/">Items</a> &rsaquo; New: item' in html


def test_list_of_an_app_leads_to_the_overview(admin_client: Client) -> None:
    assert admin_client.get("/admin/claims/")["Location"] == "/admin/"
