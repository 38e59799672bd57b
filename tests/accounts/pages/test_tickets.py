"""The pages of link tickets: open, confirm, link; continue on another device; a forged ticket."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.link_tickets import NewTicket, make_link_ticket
from accounts.models import LinkEvent, LinkTicket, PlatformAccount
from tests.accounts.visitor import Visitor
from tests.factories import make_player

pytestmark = pytest.mark.django_db

GAME = LinkTicket.Origin.GAME


def make_ticket(name: str = "Hero", **options: Any) -> NewTicket:
    player = make_player(game_account_id=f"id-of-{name}", name=name)
    return make_link_ticket(player=player, origin=GAME, now=timezone.now(), **options)


def open_url(client: Client, made: NewTicket) -> Any:
    return client.get(f"/link/t/{made.token}", follow=True)


def test_page_names_the_game_account_and_asks(client: Client) -> None:
    made = make_ticket("Hero", details=[("Level", "42"), ("Platform", "PlayStation")])

    answer = open_url(client, made)

    page = answer.content.decode()
    assert answer.redirect_chain == [("/link/ticket", 302)]
    for text in ("Is this your game account?", "Hero", "id-of-Hero", "Level", "42", "PlayStation"):
        assert text in page
    assert "Did someone send you this link or code?" in page
    assert "no-store" in answer["Cache-Control"]


def test_looking_at_the_url_uses_nothing_up(client: Client) -> None:
    """Chats and browsers fetch URLs for previews."""
    made = make_ticket()
    for _ in range(3):
        open_url(Client(), made)

    assert open_url(client, made).status_code == 200
    assert client.post("/link/ticket")["Location"] == "/link/"


def test_confirmed_ticket_leads_to_kick_without_a_game_login(nova: Visitor) -> None:
    made = make_ticket("Hero")
    open_url(nova.client, made)
    nova.client.post("/link/ticket")

    nova.link("hero_live")

    event = LinkEvent.objects.get()
    assert (event.player.name, event.ticket_id) == ("Hero", made.ticket.pk)


def test_code_leads_to_the_same_page(client: Client) -> None:
    made = make_ticket("Hero")

    answer = client.post("/link/code", {"code": made.code.lower()}, follow=True)

    assert "Is this your game account?" in answer.content.decode()


def test_wrong_code_is_asked_for_again(client: Client) -> None:
    answer = client.post("/link/code", {"code": "<b>AAAA"})

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "This code isn’t valid" in page
    assert 'value="&lt;b&gt;AAAA"' in page


def test_too_many_wrong_codes_are_answered_429(client: Client) -> None:
    for _ in range(10):
        client.post("/link/code", {"code": "22222222"})

    answer = client.post("/link/code", {"code": make_ticket().code})

    assert answer.status_code == 429
    assert "Too many wrong codes" in answer.content.decode()


@pytest.mark.parametrize("token", ["unknown", "x" * 500, "%00"])
def test_unknown_url_says_that_it_has_expired(client: Client, token: str) -> None:
    answer = client.get(f"/link/t/{token}")

    assert answer.status_code == 410
    assert "This link has expired." in answer.content.decode()


def test_ticket_page_without_a_ticket(client: Client) -> None:
    assert client.get("/link/ticket").status_code == 410
    assert client.post("/link/ticket").status_code == 410


def test_second_browser_cannot_use_the_ticket_again(client: Client) -> None:
    made, other = make_ticket(), Client()
    open_url(client, made)
    open_url(other, made)
    client.post("/link/ticket")

    assert other.post("/link/ticket").status_code == 410


def test_reload_after_the_confirmation_leads_to_the_hub(client: Client) -> None:
    open_url(client, make_ticket())
    client.post("/link/ticket")

    assert client.get("/link/ticket")["Location"] == "/link/"


def test_session_of_a_ticket_is_short_and_may_not_unlink(nova: Visitor) -> None:
    made = make_ticket("Hero")
    open_url(nova.client, made)
    nova.client.post("/link/ticket")
    nova.link("hero_live")

    answer = nova.client.post("/link/unlink")

    assert nova.client.session.get_expiry_age() <= timedelta(hours=1).total_seconds()
    assert answer.status_code == 403
    assert "Log in to the game first." in answer.content.decode()
    assert PlatformAccount.objects.get().player == made.ticket.player


def test_forged_ticket_links_nothing_without_the_victim_s_own_click(nova: Visitor) -> None:
    """The attacker sends a ticket of their own game account to a viewer, or opens it for them."""
    victim, forged = nova.client, make_ticket("Attacker")

    page = open_url(victim, forged).content.decode()
    assert re.search(r"card__name\"><bdi>Attacker<", page)
    assert "You’re logged in as <bdi>Nova</bdi> now." in page
    # A form on the attacker's page can't press the button.
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = victim.cookies
    assert strict.post("/link/ticket").status_code == 403
    # Opening it changed nothing: what the victim links goes to their own account.
    nova.link("victim_live")
    event = LinkEvent.objects.get()
    assert (event.player.name, event.ticket_id) == ("Nova", None)
    assert PlatformAccount.objects.get().player.name == "Nova"


def test_player_continues_on_another_device(nova: Visitor, client: Client) -> None:
    page = nova.client.post("/link/hand-over").content.decode()
    code = re.search(r'class="code">([A-Z0-9]{4}-[A-Z0-9]{4})<', page)[1]

    asked = client.post("/link/code", {"code": code}, follow=True).content.decode()
    client.post("/link/ticket")

    assert "<svg" in page
    assert LinkTicket.objects.get().origin == LinkTicket.Origin.PLAYER
    assert "Nova" in asked
    assert "Nova" in client.get("/link/").content.decode()


def test_ticket_cannot_make_another(client: Client) -> None:
    open_url(client, make_ticket())
    client.post("/link/ticket")

    assert client.post("/link/hand-over")["Location"] == "/link/"
    assert LinkTicket.objects.count() == 1


def test_hand_over_needs_a_login(client: Client) -> None:
    assert client.post("/link/hand-over")["Location"] == "/link/"
    assert client.get("/link/hand-over").status_code == 405
