import re

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from claims.api_keys import find_api_key, make_api_key
from claims.models import ApiKey, AuditEvent
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ADD = "/admin/claims/apikey/add/"


def add(client, name="eu-west lobby", categories=""):
    return client.post(ADD, {"name": name, "categories": categories})


def test_add_shows_the_secret_once_and_keeps_it_nowhere(admin_client):
    answer = add(admin_client, categories="Rust\nChess\n")

    (secret,) = set(re.findall(r"sd_\w{8}_[\w-]{43}", answer.content.decode()))
    api_key = find_api_key(secret)
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

    admin_client.post(url, {"name": "new", "categories": "Rust", "digest": "x", "prefix": "x"})

    changed = find_api_key(secret)
    assert (changed.name, changed.categories, changed.prefix) == ("new", ["Rust"], api_key.prefix)


def test_revoke_selected_keys(admin_client):
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)
    form = {"action": "revoke", "_selected_action": [api_key.pk]}

    answer = admin_client.post("/admin/claims/apikey/", form, follow=True)

    assert "1 API key revoked." in answer.content.decode()
    assert find_api_key(secret) is None


def test_revoke_is_refused_to_those_who_may_only_look(client, make_staff):
    client.force_login(make_staff("claims.view_apikey"))
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)

    client.post("/admin/claims/apikey/", {"action": "revoke", "_selected_action": [api_key.pk]})

    assert find_api_key(secret) == api_key
