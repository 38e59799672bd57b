"""Lists as CSV, the audit in sentences, notes on a case, and an address for helpdesk tools."""

import csv
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from claims.desk import list_csv
from claims.desk.audit_sentences import KINDS, SENTENCES, describe
from claims.models import AuditEvent
from tests.claims.desk.admin.model_names import MODELS
from tests.factories import NOW, make_account, make_campaign, make_claim, make_item, make_player

pytestmark = pytest.mark.django_db


def download(client: Client, model: str, **filters: str) -> list[list[str]]:
    app, name = model.split("_")
    url = reverse("desk:list_csv", args=[app, name])
    answer = client.post(f"{url}?{'&'.join(f'{key}={value}' for key, value in filters.items())}")
    assert answer.status_code == 200, answer
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.reader(text.splitlines()))


@pytest.mark.parametrize("model", [*MODELS, "auth_user", "auth_group"])
def test_every_list_is_a_csv_file(admin_client: Client, one_of_each: Any, model: str) -> None:
    header, *rows = download(admin_client, model)

    assert rows or model == "auth_group"
    assert all(len(row) == len(header) for row in rows)
    assert not any("<" in cell for row in rows for cell in row)


def test_filters_of_the_list_hold(ops: Client) -> None:
    for name in ("Spring", "Summer"):
        make_campaign(name=name, is_test=name == "Summer")

    _header, *rows = download(ops, "claims_campaign", is_test__exact="1")

    assert [row[0] for row in rows] == ["Summer"]


def test_file_has_no_formulas(ops: Client) -> None:
    for name in ("=1+1", "@cmd", "+1", "-1"):
        make_item(sku=f"sku{name}", name=name)

    _header, *rows = download(ops, "claims_item")

    assert sorted(row[0] for row in rows) == ["'+1", "'-1", "'=1+1", "'@cmd"]


def test_file_is_bounded(ops: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_csv, "AT_MOST", 2)
    for _ in range(3):
        make_item()

    assert len(download(ops, "claims_item")) == 3


def test_download_is_audited(ops: Client) -> None:
    download(ops, "claims_item", q="cape")

    event = AuditEvent.objects.get()
    assert (event.action, event.subject_id, event.after) == (
        "EXPORT",
        "claims.item",
        {"filters": "q=cape"},
    )


def test_download_needs_the_lists_permission(support: Client) -> None:
    assert support.post("/admin/desk/lists/claims/apikey.csv").status_code == 403
    assert support.post("/admin/desk/lists/claims/nothing.csv").status_code == 404
    assert support.get("/admin/desk/lists/claims/item.csv").status_code == 405


def test_filter_about_a_hidden_column_gets_no_file(ops: Client) -> None:
    url = "/admin/desk/lists/accounts/platformaccount.csv"

    answer = ops.post(f"{url}?authorization__encrypted_refresh_token__startswith=a")

    assert answer.status_code in (302, 400)


# --- The audit ---------------------------------------------------------------------------------


def test_every_action_has_a_sentence() -> None:
    assert set(SENTENCES) == set(AuditEvent.Action)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"action": "GRANT", "after": {"items": {"cape": 1, "gem": 500}}},
            "ada granted 1 × cape, 500 × gem to Nova",
        ),
        (
            {"action": "MAP", "subject_name": "Ember cape", "after": {"cape": 2}},
            "ada mapped Ember cape to 2 × cape",
        ),
        ({"action": "MAP", "subject_name": "Ember cape"}, "ada mapped Ember cape to no items"),
        (
            {"action": "DELETE", "subject_kind": "item", "before": {"was": "Snow globe"}},
            "ada deleted item Snow globe",
        ),
        (
            {
                "action": "CHANGE",
                "subject_kind": "campaign",
                "subject_name": "Launch",
                "after": {"grace_days": 3},
            },
            "ada changed grace days of campaign Launch",
        ),
        ({"action": "LOGIN", "subject_kind": "user"}, "ada logged in"),
        ({"action": "EXPORT", "subject_kind": "catalogue"}, "ada exported the catalogue"),
        ({"action": "EXPORT", "subject_id": "claims.item"}, "ada exported claims.item"),
    ],
)
def test_event_is_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    player = make_player(name="Nova")
    event = AuditEvent(actor="ada", player=player, at=NOW, **{"subject_kind": "reward"} | fields)

    assert describe(event) == sentence


def test_list_of_the_audit_shows_names(admin_client: Client) -> None:
    item = make_item(name="Snow globe")
    admin_client.post(
        reverse("admin:claims_item_change", args=[item.pk]), {"name": "Ice", "description": ""}
    )

    page = admin_client.get("/admin/claims/auditevent/").content.decode()

    assert "root changed name of item Ice" in page
    assert "item" in KINDS


# --- Notes -------------------------------------------------------------------------------------


def test_note_with_its_ticket_is_on_the_players_case(support: Client) -> None:
    player = make_player(name="Nova")
    data = {"text": "Wrote to the player.", "ticket": "https://help.example.com/t/77"}

    page = support.post(reverse("desk:note_player", args=[player.pk]), data, follow=True)

    html = page.content.decode()
    assert "support-ada noted at Nova: Wrote to the player." in html
    assert 'href="https://help.example.com/t/77"' in html


def test_note_on_an_account_without_a_player(support: Client) -> None:
    account = make_account(name="night_owl")
    make_claim(account=account)

    page = support.post(
        reverse("desk:note_account", args=[account.pk]), {"text": "Asked to link."}, follow=True
    )

    assert "noted at night_owl: Asked to link." in page.content.decode()


@pytest.mark.parametrize(
    "data", [{"text": ""}, {"text": "x", "ticket": "javascript:alert(1)"}, {"text": "x" * 2001}]
)
def test_bad_note_is_refused(support: Client, data: dict[str, str]) -> None:
    player = make_player()

    page = support.post(reverse("desk:note_player", args=[player.pk]), data, follow=True)

    assert "Note not added." in page.content.decode()
    assert not AuditEvent.objects.exists()


# --- A stable address --------------------------------------------------------------------------


def test_helpdesk_address_leads_to_the_case(support: Client) -> None:
    player = make_player(game_account_id="hero-7")

    page = support.get("/admin/find", {"q": "hero-7"}, follow=True)

    assert page.redirect_chain[-1][0] == reverse("desk:player", args=[player.pk])


def test_helpdesk_address_comes_back_after_the_login(client: Client) -> None:
    answer = client.get("/admin/find", {"q": "hero 7&x"})

    assert answer["Location"].startswith("/admin/login/?next=/admin/find%3Fq%3Dhero")
