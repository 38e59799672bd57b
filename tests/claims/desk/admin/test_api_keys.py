import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from claims.api_keys import find_api_key, make_api_key, make_prefix, touch_api_key
from claims.models import ApiKey, ApiKeyUsage, AuditEvent
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ADD = "/admin/claims/apikey/add/"
SCOPES = ["read", "fulfil", "players"]


def add(client, name="eu-west lobby", categories=""):
    form = {"name": name, "categories": categories, "scopes": SCOPES, "prefix": make_prefix()}
    return client.post(ADD, form)


def test_add_shows_the_secret_once_and_keeps_it_nowhere(admin_client):
    answer = add(admin_client, categories="Rust\nChess\n")

    (secret,) = set(re.findall(r"sd_\w{8}_[\w-]{43}", answer.content.decode()))
    api_key = find_api_key(secret, now=timezone.now())
    assert (api_key.name, api_key.categories) == ("eu-west lobby", ["Rust", "Chess"])
    assert "no-store" in answer["Cache-Control"]
    kept = [str(ApiKey.objects.values().get()), str(AuditEvent.objects.values().get())]
    kept += [str(session.get_decoded()) for session in Session.objects.all()]
    kept += [str(admin_client.cookies)]
    kept += [admin_client.get(url).content.decode() for url in pages_of(api_key)]
    assert not [text for text in kept if secret in text or secret[12:] in text]


def pages_of(api_key):
    args = [api_key.pk]
    history = reverse("admin:claims_apikey_history", args=args)
    return ["/admin/claims/apikey/", reverse("admin:claims_apikey_change", args=args), history]


def test_add_without_a_name(admin_client):
    assert add(admin_client, name=" ").status_code == 200
    assert not ApiKey.objects.exists()


def test_add_is_refused_to_those_who_may_only_look(client, make_staff):
    client.force_login(make_staff("claims.view_apikey"))

    assert add(client).status_code == 403


def test_change_of_name_and_categories_leaves_the_secret(admin_client):
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)
    url = reverse("admin:claims_apikey_change", args=[api_key.pk])

    admin_client.post(
        url, {"name": "new", "categories": "Rust", "scopes": SCOPES, "digest": "x", "prefix": "x"}
    )

    changed = find_api_key(secret, now=timezone.now())
    assert (changed.name, changed.categories, changed.prefix) == ("new", ["Rust"], api_key.prefix)


def test_reload_after_adding_makes_no_second_key(admin_client):
    form = {"name": "lobby", "categories": "", "scopes": SCOPES, "prefix": "abcd1234"}
    first = admin_client.post(ADD, form)

    second = admin_client.post(ADD, form)

    assert "sd_abcd1234_" in first.content.decode()
    assert "has been created already" in second.content.decode()
    assert ApiKey.objects.count() == 1
    # Correcting the form creates the next key.
    shown = second.context["adminform"].form
    admin_client.post(ADD, form | {"prefix": shown["prefix"].value()})
    assert ApiKey.objects.count() == 2


def revoke(client, api_key, **others):
    form = {"action": "revoke", "_selected_action": [api_key.pk]} | others
    return client.post("/admin/claims/apikey/", form, follow=True).content.decode()


def test_revoke_asks_first_and_shows_the_last_use(admin_client):
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)
    touch_api_key(api_key=api_key, now=timezone.now() - timedelta(minutes=2))

    page = revoke(admin_client, api_key)

    assert "2\xa0minutes ago" in page
    assert "In 24 hours" in page
    assert find_api_key(secret, now=timezone.now()) == api_key


def test_revoke_selected_keys(admin_client):
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)

    page = revoke(admin_client, api_key, confirmed="yes", when="now")

    assert "1 API key revoked." in page
    assert find_api_key(secret, now=timezone.now()) is None
    assert AuditEvent.objects.latest("pk").after == {"note": "Revoked."}


def test_revoke_selected_keys_in_24_hours(admin_client):
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)

    page = revoke(admin_client, api_key, confirmed="yes", when="later")

    tomorrow = timezone.now() + timedelta(hours=24)
    assert "1 API key ends in 24 hours." in page
    assert find_api_key(secret, now=tomorrow - timedelta(minutes=5)) == api_key
    assert find_api_key(secret, now=tomorrow) is None
    assert AuditEvent.objects.latest("pk").after == {"note": "Ends in 24 hours."}


def test_revoke_a_revoked_key_has_nothing_to_confirm(admin_client):
    api_key, _ = make_api_key(name="lobby", categories=[], now=NOW)
    revoke(admin_client, api_key, confirmed="yes", when="now")

    assert "revoked already" in revoke(admin_client, api_key)


def test_revoke_is_refused_to_those_who_may_only_look(client, make_staff):
    client.force_login(make_staff("claims.view_apikey"))
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)

    client.post("/admin/claims/apikey/", {"action": "revoke", "_selected_action": [api_key.pk]})

    assert find_api_key(secret, now=timezone.now()) == api_key


def test_new_key_keeps_its_limits(admin_client):
    form = {
        "name": "lobby",
        "categories": "",
        "scopes": ["read"],
        "networks": "10.0.0.0/8\n2001:db8::/32",
        "requests_per_minute": "600",
        "revoked_at_0": "2030-01-02",
        "revoked_at_1": "03:04:05",
        "prefix": make_prefix(),
    }

    admin_client.post(ADD, form)

    api_key = ApiKey.objects.get()
    assert (api_key.scopes, api_key.networks) == (["read"], ["10.0.0.0/8", "2001:db8::/32"])
    assert api_key.requests_per_minute == 600
    assert api_key.revoked_at.isoformat() == "2030-01-02T03:04:05+00:00"


@pytest.mark.parametrize(
    ("field", "value"),
    [("networks", "10.0.0.1/8"), ("requests_per_minute", "0"), ("scopes", "everything")],
)
def test_wrong_limit_is_not_saved(admin_client, field, value):
    form = {"name": "lobby", "categories": "", "scopes": SCOPES, "prefix": make_prefix()}

    answer = admin_client.post(ADD, form | {field: value})

    assert answer.context["adminform"].form.errors[field]
    assert not ApiKey.objects.exists()


def test_page_of_a_key_shows_its_usage(admin_client):
    api_key, _ = make_api_key(name="lobby", categories=[], now=NOW)
    ApiKeyUsage.objects.create(api_key=api_key, day=NOW.date(), requests=12_345)

    page = admin_client.get(reverse("admin:claims_apikey_change", args=[api_key.pk]))

    assert "23 Jun 2026: 12,345" in page.content.decode()
