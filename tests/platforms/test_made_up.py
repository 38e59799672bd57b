"""A platform is plugged in by its package and one line of the registry, and nothing else.

Kick is down all the while: one platform's failure doesn't touch another.
"""

from collections.abc import Iterator
from html import unescape
from importlib import import_module, reload
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import clear_url_caches, reverse
from django.utils import timezone

from accounts.links import NewAuthorization
from accounts.models import Authorization, PlatformAccount, Player, account_key
from accounts.platform_login import get_login, unregister_login
from claims.api_keys import make_api_key
from claims.linking import link_player, unlink_player
from claims.models import AuditEvent, Campaign, Claim, Entitlement, QuarantinedDelivery, Report
from claims.source import unregister_source
from core.models import Lease
from platforms import registry
from studio_drops import tasks
from studio_drops.wsgi import StudioDrops
from tests.factories import NOW, make_item, make_player
from tests.platforms import made_up
from tests.platforms.made_up.api import Api, body_of, reset, sign
from tests.platforms.made_up.login import ORIGIN
from tests.platforms.made_up.rewards import NAME, MadeUpRewards
from tests.platforms.made_up.urls import WEBHOOK_PATH

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(settings: Any) -> Iterator[Api]:
    settings.KICK_ID_URL = settings.KICK_API_URL = "http://127.0.0.1:1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "PLATFORMS", (*registry.PLATFORMS, made_up))
        start()
        yield reset()
    unregister_source(NAME)
    unregister_login("made_up")
    start()


def start() -> None:
    """What a process does when it starts."""
    registry.register_platforms()
    reload(import_module("studio_drops.urls"))
    clear_url_caches()


@pytest.fixture
def cape(db: None) -> None:
    """The item that a cape is worth: rewards are mapped by their SKU when they are discovered."""
    make_item(sku="sku-cape", name="Cape")


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="ada", is_staff=True, is_superuser=True))
    return client


def deliver(*wins: dict[str, Any], signature: str = "") -> HttpResponse:
    body = body_of(*wins)
    headers = {"Made-Up-Signature": signature or sign(body), "Made-Up-Message": "message-1"}
    return Client().post(WEBHOOK_PATH, body, content_type="application/json", headers=headers)


def link(viewer: str, player: Player | None = None) -> Player:
    login = get_login("made_up")
    tokens = login.exchange_code(code=viewer, verifier=login.new_verifier())
    user = login.current_user(tokens.access_token)
    player = player or make_player()
    link_player(
        player=player,
        account_key=account_key(login.platform, user.user_id),
        name=user.name,
        authorization=NewAuthorization(tokens, checked_at=timezone.now()),
        now=timezone.now(),
    )
    return player


def game_server() -> Client:
    _, secret = make_api_key(name="game server", categories=[], now=NOW)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def fulfil_all(server: Client) -> None:
    owed = server.get("/api/v1/entitlements").json()["entitlements"]
    body = {"entitlement_ids": [one["id"] for one in owed], "fulfilment_id": "login-1"}
    answer = server.post("/api/v1/entitlements/fulfil", body, content_type="application/json")
    assert {one["outcome"] for one in answer.json()["outcomes"]} == {"fulfilled"}


def state(claim_id: str) -> tuple[str, str]:
    claim = Claim.objects.get(pk=claim_id)
    return claim.status, claim.hold_reason


# --- Recorded, held, confirmed, granted, reported ----------------------------------------------


@pytest.mark.usefixtures("cape")
def test_claim_from_webhook_to_report(api: Api) -> None:
    win = api.win("owl")
    claim_id = f"{NAME}:{win['id']}"

    answer = deliver(win)
    assert answer.status_code == 200
    assert answer.json() == {"claim_id": claim_id, "status": "HELD"}
    assert state(claim_id) == ("HELD", "UNCONFIRMED")

    tasks.confirm_claims()
    assert state(claim_id) == ("HELD", "NOT_LINKED")

    player = link("owl")
    assert state(claim_id) == ("GRANTED", "")
    assert Entitlement.objects.values_list("player", "sku", "quantity").get() == (
        player.pk,
        "sku-cape",
        1,
    )

    tasks.send_reports()
    assert not api.wins[win["id"]]["is_delivered"]
    fulfil_all(game_server())
    tasks.send_reports()
    assert api.wins[win["id"]]["is_delivered"]
    assert Report.objects.pending().count() == 0


@pytest.mark.usefixtures("cape")
def test_delivery_of_several_claims_and_its_repeat(api: Api) -> None:
    wins = [api.win("owl"), api.win("fox"), api.win("owl", season="")]

    first, again = deliver(*wins), deliver(*wins)

    assert first.json() == again.json()
    assert [one["status"] for one in first.json()["claims"]] == ["HELD"] * 3
    assert Claim.objects.filter(source=NAME, path="WEBHOOK").count() == 3
    assert set(PlatformAccount.objects.values_list("key", "platform")) == {
        ("made_up:owl", "made_up"),
        ("made_up:fox", "made_up"),
    }


def test_delivery_with_a_forged_signature(api: Api) -> None:
    assert deliver(api.win("owl"), signature="0" * 64).status_code == 401
    assert not Claim.objects.exists()


def test_delivery_that_contradicts_its_claim(api: Api) -> None:
    win = api.win("owl")
    deliver(win)

    deliver(win | {"reward": "crown"})

    kept = QuarantinedDelivery.objects.get()
    assert (kept.source, kept.verdict) == (NAME, "DIFFERS")


@pytest.mark.usefixtures("api")
def test_webhook_skips_the_middleware() -> None:
    assert WEBHOOK_PATH in StudioDrops()._webhooks


def test_webhook_of_a_platform_that_is_not_registered() -> None:
    assert deliver({"id": "1"}).status_code == 404
    assert WEBHOOK_PATH not in StudioDrops()._webhooks


# --- Reconciled --------------------------------------------------------------------------------


@pytest.mark.usefixtures("cape")
def test_catch_up_finds_the_claim_of_a_lost_webhook(api: Api) -> None:
    link("owl")
    win = api.win("owl")

    tasks.catch_up()

    claim = Claim.objects.get()
    assert (claim.pk, claim.source, claim.path) == (f"{NAME}:{win['id']}", NAME, "SYNC")
    assert claim.status == "GRANTED"


@pytest.mark.usefixtures("cape")
def test_sweep_finds_a_claim_that_the_platform_shows_as_delivered(api: Api) -> None:
    link("owl")
    api.win("owl")
    tasks.catch_up()
    lost = api.win("owl")
    lost["is_delivered"] = True
    tasks.catch_up()
    assert Claim.objects.count() == 1

    tasks.sweep()  # leaves it: another tool may have delivered it
    after_the_scheduled_sweep = Claim.objects.count()
    call_command("reconcile", "--sweep", "--source", NAME)

    assert after_the_scheduled_sweep == 1
    assert state(f"{NAME}:{lost['id']}") == ("GRANTED", "")


def test_claims_without_a_campaign_are_reconciled_too(api: Api) -> None:
    win = api.win("owl", season="")

    tasks.catch_up()

    assert state(f"{NAME}:{win['id']}") == ("HELD", "UNMAPPED_REWARD")
    assert not Campaign.objects.exists()


def test_platform_that_is_down_loses_nothing(api: Api) -> None:
    win = api.win("owl")
    deliver(win)
    api.is_down = True

    tasks.confirm_claims()
    tasks.catch_up()

    assert state(f"{NAME}:{win['id']}") == ("HELD", "UNCONFIRMED")


# --- Links -------------------------------------------------------------------------------------


def test_authorization_is_refreshed_and_ended_at_the_platform(api: Api) -> None:
    player = link("owl")
    (first,) = api.viewers_by_token
    Authorization.objects.update(next_refresh_at=NOW)

    tasks.refresh_authorizations()
    (second,) = api.viewers_by_token
    assert second != first

    unlink_player(player=player, platform="made_up", now=timezone.now())
    tasks.send_deauthorizations()
    assert api.viewers_by_token == {}


def test_player_may_link_an_account_on_each_platform(api: Api) -> None:
    player = make_player()
    PlatformAccount.objects.create(key="kick:7", player=player, linked_at=NOW, first_seen_at=NOW)

    link("owl", player)

    assert {one.platform for one in player.accounts.all()} == {"kick", "made_up"}


@pytest.mark.usefixtures("api")
def test_pages_may_redirect_to_the_login() -> None:
    policy = Client().get("/healthz")["Content-Security-Policy"]

    assert ORIGIN in policy.split("form-action ")[1].split(";")[0]


# --- Shown in the REST API and on the desk -----------------------------------------------------


@pytest.mark.usefixtures("cape")
def test_game_server_sees_platform_source_and_link(api: Api) -> None:
    player = link("owl")
    api.win("owl")
    tasks.catch_up()
    server = game_server()

    (entitlement,) = server.get("/api/v1/entitlements").json()["entitlements"]
    query = {"game_account_id": player.game_account_id}
    (linked,) = server.get("/api/v1/player", query).json()["links"]

    assert (entitlement["platform"], entitlement["source"]) == ("made_up", NAME)
    assert (linked["platform"], linked["user_id"], linked["name"]) == ("made_up", "owl", "Owl")


def text_of(answer: HttpResponse) -> str:
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_desk_lists_the_claim_with_its_source(api: Api, desk: Client) -> None:
    win = api.win("owl")
    deliver(win)
    claim_id = f"{NAME}:{win['id']}"

    claims = text_of(desk.get(reverse("admin:claims_claim_changelist"), {"source": NAME}))
    claim = text_of(desk.get(reverse("admin:claims_claim_change", args=[claim_id])))

    assert claim_id in claims
    assert "Made-up rewards" in claim
    assert "Made-up's API hasn't confirmed" in unescape(claim)
    assert "Kick" not in main_of(claim)


@pytest.mark.parametrize("season", ["autumn", ""])
def test_desk_shows_the_case_of_an_account_and_of_a_player(
    api: Api, desk: Client, season: str
) -> None:
    win = api.win("owl", season=season)
    deliver(win)
    claim_id = f"{NAME}:{win['id']}"
    url = reverse("desk:account", args=["made_up:owl"])

    of_account = text_of(desk.get(url))
    player = link("owl")
    of_player = text_of(desk.get(url, follow=True))

    for page in (of_account, of_player):
        assert claim_id in page
        assert "Re-fetch from Made-up" in page
        assert "None" not in page
        assert "Kick" not in main_of(page)
    assert player.game_account_id in of_player


def test_desk_shows_all_accounts_of_a_player(api: Api, desk: Client) -> None:
    player = make_player()
    PlatformAccount.objects.create(key="kick:7", player=player, linked_at=NOW, first_seen_at=NOW)
    link("owl", player)
    win = api.win("owl")
    deliver(win)

    page = text_of(desk.get(reverse("desk:player", args=[player.pk])))

    assert f"{NAME}:{win['id']}" in page
    for account, platform in (("kick:7", "Kick"), ("made_up:owl", "Made-up")):
        assert f"Re-fetch from {platform}" in page
        assert f"Unlink from {platform}…" in page
        assert f"<code>{account}</code>" in page


def test_desk_blames_only_the_claim_s_platform_for_an_outage(api: Api, desk: Client) -> None:
    deliver(api.win("owl"))
    api.wins.clear()
    tasks.catch_up()
    url = reverse("desk:account", args=["made_up:owl"])
    assert Lease.objects.filter(job="catch_up:kick_drops").exclude(platform_error="").exists()
    assert "unavailable" not in main_of(text_of(desk.get(url)))

    api.is_down = True
    tasks.confirm_claims()

    assert "Made-up unavailable" in main_of(text_of(desk.get(url)))


def main_of(page: str) -> str:
    return page[page.index('id="content"') :]


@pytest.mark.parametrize("term", ["owl", "made_up:owl", f"{NAME}:1"])
def test_desk_search_finds_the_case(api: Api, desk: Client, term: str) -> None:
    deliver(api.win("owl"))

    answer = desk.get(reverse("desk:search"), {"find": term})

    assert answer.status_code == 302
    assert "made_up:owl" in answer["Location"]


@pytest.mark.parametrize("term", ["owl", f"{NAME}:1"])
def test_desk_search_of_the_list_of_claims(api: Api, desk: Client, term: str) -> None:
    deliver(api.win("owl"))

    assert f"{NAME}:1" in text_of(desk.get(reverse("admin:claims_claim_changelist"), {"q": term}))


def test_desk_refetches_from_the_platform(api: Api, desk: Client) -> None:
    link("owl")
    win, _ = api.win("owl"), api.win("fox")

    answer = desk.post(reverse("desk:refetch", args=["made_up:owl"]), follow=True)

    assert "Made-up returned 1 claim: 1 new" in text_of(answer)
    assert [claim.pk for claim in Claim.objects.all()] == [f"{NAME}:{win['id']}"]
    assert AuditEvent.objects.get(action="REFETCH").subject_id == "made_up:owl"


def test_desk_refetches_for_the_selected_claims(api: Api, desk: Client) -> None:
    deliver(api.win("owl"))
    lost = api.win("owl")
    chosen = {"action": "refetch", "_selected_action": [f"{NAME}:1"]}

    desk.post(reverse("admin:claims_claim_changelist"), chosen)
    tasks.run_bulk_jobs()

    assert state(f"{NAME}:{lost['id']}") == ("HELD", "UNMAPPED_REWARD")


def test_desk_says_which_platform_is_down(api: Api, desk: Client) -> None:
    link("owl")
    api.is_down = True

    answer = desk.post(reverse("desk:refetch", args=["made_up:owl"]), follow=True)

    assert "Made-up&#x27;s API request failed: The made-up platform is down." in text_of(answer)


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("model", ["campaign", "reward"])
def test_desk_offers_the_source_in_forms(desk: Client, model: str) -> None:
    page = text_of(desk.get(reverse(f"admin:claims_{model}_add"), follow=True))

    assert f'<option value="{NAME}">Made-up rewards</option>' in page
    assert '<option value="kick_drops" selected>Kick Drops</option>' in page


# --- Each part counts --------------------------------------------------------------------------


@pytest.mark.usefixtures("cape")
def test_source_without_reports_gets_none(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MadeUpRewards, "has_reports", False)
    link("owl")
    win = api.win("owl")
    tasks.catch_up()

    fulfil_all(game_server())
    tasks.send_reports()

    assert not Report.objects.exists()
    assert not win["is_delivered"]


def test_source_that_is_lossy_is_not_caught_up_with(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MadeUpRewards, "is_lossy", True)
    api.win("owl")

    tasks.catch_up()

    assert not Claim.objects.exists()


@pytest.mark.usefixtures("cape")
def test_source_that_trusts_its_deliveries_grants_at_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MadeUpRewards, "trusts_deliveries", True)
    link("owl")

    assert deliver(api.win("owl")).json()["status"] == "GRANTED"
