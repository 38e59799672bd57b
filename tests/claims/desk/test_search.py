"""The one box: whatever support was given leads straight to the right page."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from claims.desk.search import find
from claims.models import QuarantinedDelivery
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_claim,
    make_entitlement,
    make_item,
    make_player,
    make_reward,
)

pytestmark = pytest.mark.django_db


def go(client: Client, term: str) -> str:
    answer = client.get(reverse("desk:search"), {"find": f" {term} "})
    return answer["Location"] if answer.status_code == 302 else ""


def test_search_leads_straight_to_the_players_case(support: Client) -> None:
    player = make_player(game_account_id="hero/7")
    account = make_account(player=player, name="Night_Owl")
    owed = make_entitlement(player=player)
    case = reverse("desk:player", args=[player.pk])
    of_claim = f"{case}?claim={owed.claim_id}"

    found = {
        "hero/7": case,
        "NIGHT_owl": case,
        account.pk: case,
        owed.claim_id: of_claim,
        owed.claim.message_id: of_claim,
        str(owed.pk): of_claim,
    }

    assert {term: go(support, term) for term in found} == found


def test_search_takes_what_people_paste(support: Client) -> None:
    player = make_player(game_account_id="Hero-7", name="Case Six")
    account = make_account(player=player, name="night_owl")
    owed = make_entitlement(
        player=player, status="FULFILLED", fulfilled_at=NOW, fulfilment_id="login-6"
    )
    case = reverse("desk:player", args=[player.pk])
    of_claim = f"{case}?claim={owed.claim_id}"

    found = {
        "case six": case,
        "HERO-7": case,
        "@night_owl": case,
        "“night_owl”": case,
        "https://kick.com/night_owl": case,
        "kick.com/Night_Owl?tab=clips": case,
        "https://kick.com/@night_owl/about": case,
        f"User ID: {account.user_id}": case,
        f"claim {owed.claim_id}.": "",
        f"Claim: {owed.claim_id}": of_claim,
        f"https://drops.example/admin/player/?claim={owed.claim_id}": of_claim,
        "login-6": of_claim,
        owed.public_id: of_claim,
    }

    assert {term: go(support, term) for term in found} == found


def test_search_finds_the_catalogue_by_name(support: Client) -> None:
    item = make_item(sku="cape-ember", name="Ember cape")
    reward = make_reward(name="Frost helm")
    campaign = make_campaign(name="Spring Cup")

    found = {
        "spring cup": reverse("desk:campaign", args=[campaign.pk]),
        "Frost": reverse("admin:claims_reward_change", args=[reward.pk]),
        "ember CAPE": reverse("admin:claims_item_change", args=[item.pk]),
        "cape-ember": reverse("admin:claims_item_change", args=[item.pk]),
    }

    assert {term: go(support, term) for term in found} == found


def test_search_for_an_unknown_account_is_no_other_row(support: Client) -> None:
    owed = make_entitlement()

    assert go(support, f"kick:{owed.pk}") == ""


def test_search_for_a_account_without_a_player(support: Client) -> None:
    claim = make_claim(account=make_account(name="stranger"))

    assert go(support, "stranger") == reverse("desk:account", args=[claim.account_id])


def test_search_with_several_answers_lists_them(support: Client) -> None:
    first = make_account(name="nova", player=make_player(name="One"))
    second = make_account(name="NOVA", player=make_player(game_account_id="nova"))

    page = support.get(reverse("desk:search"), {"find": "nova"})

    assert page.status_code == 200
    shown = page.content.decode()
    for user in (first, second):
        assert reverse("desk:player", args=[user.player_id]) in shown


def test_search_for_a_delivery_that_was_kept(support: Client) -> None:
    delivery = QuarantinedDelivery.objects.create(
        verdict="UNUSABLE",
        key="webhook:01BAD",
        message_id="01BAD",
        body=b"{}",
        size=2,
        reason="no claim_id",
        received_at=NOW,
    )

    assert go(support, "01BAD") == reverse(
        "admin:claims_quarantineddelivery_change", args=[delivery.pk]
    )


@pytest.mark.parametrize(
    "term", ["", "nothing such", "9" * 30, "²", "%", "x'", "\x00", "\\", "e" * 3000, "<b>"]
)
def test_search_for_what_is_not_there_says_what_it_takes(support: Client, term: str) -> None:
    page = support.get(reverse("desk:search"), {"find": term})

    assert page.status_code == 200
    assert "Search by the name or ID of a player" in page.content.decode()
    assert "<b>" not in page.content.decode().split("<h1>")[1]


def test_search_runs_no_more_statements_as_rows_grow() -> None:
    make_account(name="nova")
    with CaptureQueriesContext(connection) as few:
        find("nova")
    for _ in range(10):
        make_claim(account=make_account(name="nova", player=make_player()))

    with CaptureQueriesContext(connection) as many:
        found = find("nova")

    assert len(many) == len(few)
    assert len(found) == 11


def test_search_box_is_on_every_page_of_those_who_may(support: Client) -> None:
    for url in (reverse("admin:index"), reverse("admin:claims_claim_changelist")):
        assert 'id="desk-find"' in support.get(url).content.decode()
