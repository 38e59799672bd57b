"""Each change becomes one message for each endpoint that wants it, and one place in the list."""

from datetime import timedelta

import pytest

from accounts.models import LinkEvent
from claims.entitlements import revoke_entitlements
from claims.listing import list_changes
from claims.models import Entitlement, EventType, WebhookDelivery, WebhookMessage
from claims.webhooks.announcing import (
    announce_entitlements,
    announce_links,
    resend_undelivered,
)
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_claim,
    make_endpoint,
    make_entitlement,
    make_player,
)
from tests.webhook_payloads import payloads_for

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(seconds=2)


def test_grants_of_a_player_share_a_message() -> None:
    endpoint, player = make_endpoint(), make_player()
    given = [make_entitlement(player=player) for _ in range(3)]
    other = make_entitlement()

    assert announce_entitlements(now=LATER) == 4

    granted = payloads_for(endpoint, EventType.ENTITLEMENTS_GRANTED)
    ids = [[one["id"] for one in data["entitlements"]] for data in granted]
    assert ids == [[one.public_id for one in given], [other.public_id]]
    assert granted[0]["game_account_id"] == player.game_account_id


def test_announcing_again_makes_no_second_message() -> None:
    make_endpoint()
    make_entitlement()
    announce_entitlements(now=LATER)

    assert announce_entitlements(now=LATER) == 0
    assert WebhookDelivery.objects.count() == 1


def test_new_grant_waits_for_others_of_its_player() -> None:
    make_endpoint()
    make_entitlement()

    assert announce_entitlements(now=NOW + timedelta(milliseconds=900)) == 0
    assert announce_entitlements(now=NOW + timedelta(milliseconds=1000)) == 1


def test_message_has_at_most_a_hundred_entitlements() -> None:
    endpoint, player = make_endpoint(), make_player()
    claim = make_claim(status="GRANTED")
    for number in range(101):
        make_entitlement(player=player, claim=claim, sku=f"sku-{number}")

    announce_entitlements(now=LATER)

    granted = payloads_for(endpoint, EventType.ENTITLEMENTS_GRANTED)
    assert [len(data["entitlements"]) for data in granted] == [100, 1]


def test_revocation_has_a_message_of_its_own_without_the_reason() -> None:
    endpoint = make_endpoint()
    entitlement = make_entitlement()
    announce_entitlements(now=LATER)
    revoke_entitlements(entitlement_ids=[entitlement.pk], reason="fraud by ann", now=LATER)

    announce_entitlements(now=LATER)

    (revoked,) = payloads_for(endpoint, EventType.ENTITLEMENT_REVOKED)
    assert revoked["entitlement"]["id"] == entitlement.public_id
    assert revoked["entitlement"]["status"] == "REVOKED"
    assert "fraud" not in WebhookMessage.objects.last().body


def test_grant_that_is_revoked_at_once_is_only_announced_as_revoked() -> None:
    endpoint, entitlement = make_endpoint(), make_entitlement()
    revoke_entitlements(entitlement_ids=[entitlement.pk], reason="fraud", now=NOW)

    announce_entitlements(now=NOW)

    assert not payloads_for(endpoint, EventType.ENTITLEMENTS_GRANTED)
    assert len(payloads_for(endpoint, EventType.ENTITLEMENT_REVOKED)) == 1


def test_endpoint_gets_only_its_categories_and_events() -> None:
    lyra = make_endpoint(categories=["Lyra"])
    everything, only_links = make_endpoint(), make_endpoint(event_types=["player.linked"])
    disabled = make_endpoint(disabled_at=NOW, disabled_because="STAFF")
    for category in ("Lyra", "Orbit"):
        make_entitlement(claim=make_claim(campaign=make_campaign(category=category)))

    announce_entitlements(now=LATER)

    counts = {
        endpoint: len(payloads_for(endpoint, EventType.ENTITLEMENTS_GRANTED))
        for endpoint in (lyra, everything, only_links, disabled)
    }
    assert list(counts.values()) == [1, 2, 0, 0]


def test_without_endpoints_changes_are_numbered_but_no_message_is_kept() -> None:
    entitlement = make_entitlement()

    announce_entitlements(now=LATER)

    assert not WebhookMessage.objects.exists()
    entitlement.refresh_from_db()
    assert entitlement.announced_in == 1


def test_changes_are_listed_in_the_order_of_the_last_change() -> None:
    first, second = make_entitlement(), make_entitlement()
    announce_entitlements(now=LATER)
    revoke_entitlements(entitlement_ids=[first.pk], reason="fraud", now=LATER)

    before = list_changes(after=(0, 0), categories=(), limit=10)
    announce_entitlements(now=LATER)
    after = list_changes(after=(0, 0), categories=(), limit=10)

    assert [one.id for one in before] == [second.pk]
    assert [one.id for one in after] == [second.pk, first.pk]


def test_number_of_a_batch_is_never_used_again() -> None:
    """Not the highest number of a row: revoking that row would free it."""
    entitlement = make_entitlement()
    announce_entitlements(now=LATER)
    revoke_entitlements(entitlement_ids=[entitlement.pk], reason="fraud", now=LATER)

    announce_entitlements(now=LATER)

    assert Entitlement.objects.get().announced_in == 2


@pytest.mark.parametrize(
    ("kind", "event_type"),
    [
        ("LINKED", "player.linked"),
        ("RENEWED", "player.linked"),
        ("UNLINKED", "player.unlinked"),
        ("DISCONNECTED", "player.disconnected"),
    ],
)
def test_link_event_is_announced_once(kind: str, event_type: str) -> None:
    endpoint, player = make_endpoint(), make_player()
    account = make_account(player=player, user_id="4711", name="vega")
    LinkEvent.objects.create(kind=kind, account=account, player=player, actor="player", at=NOW)

    assert [announce_links(now=LATER), announce_links(now=LATER)] == [1, 0]

    ticket = {"link_ticket": None} if event_type == "player.linked" else {}
    assert payloads_for(endpoint, EventType(event_type)) == [
        ticket
        | {
            "game_account_id": player.game_account_id,
            "platform": "kick",
            "user_id": "4711",
            "name": "vega",
            "at": "2026-06-23T12:00:00Z",
        }
    ]


def test_enabled_endpoint_gets_everything_undelivered() -> None:
    owed, delivered = make_entitlement(), make_entitlement(status="FULFILLED")
    endpoint = make_endpoint(resend_after=0)
    other = make_endpoint()

    assert resend_undelivered(now=LATER) == 1
    assert resend_undelivered(now=LATER) == 0

    (granted,) = payloads_for(endpoint, EventType.ENTITLEMENTS_GRANTED)
    assert [one["id"] for one in granted["entitlements"]] == [owed.public_id]
    assert delivered.public_id != owed.public_id
    assert not payloads_for(other, EventType.ENTITLEMENTS_GRANTED)
