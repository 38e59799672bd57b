"""Game servers make tickets, ask for their state, and undo a link."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.links import NewAuthorization
from accounts.models import LinkEvent, LinkTicket, PlatformAccount, Player
from claims.linking import link_player
from claims.models import EventType
from claims.webhooks.announcing import announce_links
from tests.factories import make_endpoint, new_tokens
from tests.webhook_payloads import payloads_for

pytestmark = pytest.mark.django_db

TICKETS = "/api/v1/link-tickets"


def make(api: Any, **fields: Any) -> Any:
    body = {"game_account_id": "hero-7", "name": "Hero", **fields}
    return api.post(TICKETS, body, content_type="application/json")


def link(ticket_id: str, *, user_id: str = "4711") -> None:
    now = timezone.now()
    link_player(
        player=Player.objects.get(),
        account_key=f"kick:{user_id}",
        name="night_owl",
        authorization=NewAuthorization(new_tokens("token"), checked_at=now),
        ticket_id=ticket_id,
        now=now,
    )


def state(api: Any, ticket_id: str) -> Any:
    return api.get(f"{TICKETS}/{ticket_id}").json()


def test_ticket_has_a_url_a_code_and_a_qr_code(api: Any) -> None:
    answer = make(api, details=[{"label": "Level", "value": "42"}])

    made = answer.json()
    assert answer.status_code == 200
    assert made["url"].startswith("http://localhost:8000/link/t/")
    assert made["code_url"] == "http://localhost:8000/link/code"
    assert made["qr"].startswith("<svg")
    assert made["expires_in"] == 600
    assert LinkTicket.objects.get().details == [["Level", "42"]]
    assert Player.objects.get().name == "Hero"
    assert state(api, made["id"])["state"] == "waiting"


def test_name_of_a_known_player_is_kept_if_none_is_given(api: Any) -> None:
    make(api)

    assert make(api, name="").status_code == 200
    assert Player.objects.get().name == "Hero"


@pytest.mark.parametrize(
    "fields",
    [
        {"game_account_id": "x" * 129},
        {"game_account_id": ""},
        {"game_account_id": "a\0b"},
        {"details": [{"label": "Level"}]},
        {"details": [{"label": "L", "value": "1"}] * 6},
        {"name": 7},
    ],
)
def test_bad_request_makes_no_ticket(api: Any, fields: dict[str, Any]) -> None:
    assert make(api, **fields).status_code == 400
    assert not LinkTicket.objects.exists()


def test_unknown_ticket_is_not_found(api: Any) -> None:
    assert api.get(f"{TICKETS}/lt_unknown").status_code == 404
    assert api.post(f"{TICKETS}/lt_unknown/undo").status_code == 404


def test_link_is_shown_and_announced_with_its_ticket(api: Any) -> None:
    endpoint = make_endpoint()
    ticket_id = make(api).json()["id"]

    link(ticket_id)
    announce_links(now=timezone.now())

    shown = state(api, ticket_id)
    assert (shown["state"], shown["account"]["name"]) == ("linked", "night_owl")
    assert shown["undo_until"]
    (linked,) = payloads_for(endpoint, EventType.PLAYER_LINKED)
    assert linked["link_ticket"] == ticket_id


def test_undo_unlinks_once(api: Any) -> None:
    ticket_id = make(api).json()["id"]
    link(ticket_id)

    answers = [api.post(f"{TICKETS}/{ticket_id}/undo") for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 200]
    assert answers[1].json()["state"] == "undone"
    assert PlatformAccount.objects.get().player is None
    events = list(LinkEvent.objects.order_by("pk").values_list("kind", "actor"))
    assert events == [("LINKED", "player"), ("UNLINKED", "game server")]


def test_undo_leaves_a_later_link_alone(api: Any) -> None:
    ticket_id = make(api).json()["id"]
    link(ticket_id)
    api.post(f"{TICKETS}/{ticket_id}/undo")
    other_id = make(api).json()["id"]
    link(other_id)

    answer = api.post(f"{TICKETS}/{ticket_id}/undo")

    assert answer.json()["state"] == "undone"
    assert state(api, other_id)["state"] == "linked"


def test_undo_is_refused_without_a_link_and_after_ten_minutes(api: Any) -> None:
    ticket_id = make(api).json()["id"]
    assert api.post(f"{TICKETS}/{ticket_id}/undo").status_code == 409

    link(ticket_id)
    LinkEvent.objects.update(at=timezone.now() - timedelta(minutes=11))

    answer = api.post(f"{TICKETS}/{ticket_id}/undo")
    assert answer.status_code == 409
    assert answer.json()["title"] == "Not possible in this state"
    assert PlatformAccount.objects.get().player is not None


def test_ticket_that_was_never_opened_expires(api: Any) -> None:
    ticket_id = make(api).json()["id"]
    LinkTicket.objects.update(expires_at=timezone.now())

    shown = state(api, ticket_id)

    assert (shown["state"], shown["expires_in"]) == ("expired", 0)
