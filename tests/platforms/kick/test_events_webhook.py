"""The event webhook: what counts, what is ignored, and that copies never grant twice."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from claims.models import Channel, Claim, Entitlement, OfferUse, QuarantinedDelivery
from platforms.kick.models import EventSubscription
from tests.claims.make_offers import make_offer
from tests.factories import make_account, make_player
from tests.platforms.kick.events import (
    BODIES,
    PATH,
    deliver_event,
    gifted_subscriptions,
    kicks_gifted,
    person,
)
from tests.signing import SigningKick

pytestmark = pytest.mark.django_db

GIFT, GIFTED_SUBS = "kicks.gifted", "channel.subscription.gifts"


@pytest.fixture
def subscribed() -> None:
    """Channel 1 is a partner's, and we have a subscription to each event of it."""
    for number, event in enumerate(BODIES):
        EventSubscription.objects.create(
            user_id="1",
            event=event,
            subscription_id="01SUBSCRIPTION" if event == GIFT else f"01SUB{number}",
            checked_at=timezone.now(),
        )


@pytest.fixture
def offer(subscribed: None) -> None:
    """An offer for gifts, and one for each role in gifted subscriptions. User 2 is linked."""
    make_account(user_id="2", player=make_player())
    make_offer()
    make_offer(trigger="kick_subscriptions:gifter", at_least=2)
    make_offer(trigger="kick_subscriptions:giftee", at_least=1)
    make_offer(trigger="kick_subscriptions:subscription", at_least=1)


def subscription_to(event: str) -> str:
    return str(EventSubscription.objects.get(event=event).subscription_id)


@pytest.mark.usefixtures("offer")
def test_gift_gives_its_sender_the_item(kick: SigningKick) -> None:
    response = deliver_event(kick, GIFT, kicks_gifted())

    assert response.status_code == 200
    assert json.loads(response.content) == {"recorded": 1}
    claim = Claim.objects.get()
    assert (claim.status, claim.source, claim.account_id) == ("GRANTED", "kick_gifts", "kick:2")
    assert claim.message_id == "01K0MESSAGE"


@pytest.mark.usefixtures("offer")
@pytest.mark.parametrize("event", BODIES)
def test_each_event_is_answered_200(kick: SigningKick, event: str) -> None:
    response = deliver_event(kick, event, BODIES[event], subscription_id=subscription_to(event))

    assert response.status_code == 200


@pytest.mark.usefixtures("offer")
@pytest.mark.parametrize(
    "copy",
    [
        {"message_id": "another"},
        {"message_id": "another", "subscription_id": "of another app"},
        {"later_by": timedelta(minutes=1)},
    ],
)
def test_copy_of_a_counted_event_grants_nothing(kick: SigningKick, copy: dict[str, Any]) -> None:
    """Everyone can hold such copies: any app may subscribe to any channel."""
    body = kicks_gifted()
    deliver_event(kick, GIFT, body)
    copy = dict(copy)  # the parameter belongs to all runs
    sent_at = timezone.now() + copy.pop("later_by", timedelta())

    response = deliver_event(kick, GIFT, body, sent_at=sent_at, **copy)

    assert response.status_code == 200
    assert Entitlement.objects.count() == 1


@pytest.mark.usefixtures("offer")
@pytest.mark.parametrize("subscription_id", ["of another app", "", "01SUB0"])
def test_event_of_another_subscription_is_ignored(kick: SigningKick, subscription_id: str) -> None:
    response = deliver_event(kick, GIFT, kicks_gifted(), subscription_id=subscription_id)

    assert "ignored" in json.loads(response.content)
    assert not OfferUse.objects.exists()


@pytest.mark.usefixtures("offer")
def test_event_of_another_channel_is_ignored(kick: SigningKick) -> None:
    deliver_event(kick, GIFT, kicks_gifted(channel=9))

    assert not OfferUse.objects.exists()


@pytest.mark.usefixtures("offer")
def test_event_of_a_channel_that_is_no_partner_is_ignored(kick: SigningKick) -> None:
    Channel.objects.update(is_active=False)

    assert deliver_event(kick, GIFT, kicks_gifted()).status_code == 200
    assert not OfferUse.objects.exists()


@pytest.mark.usefixtures("offer")
def test_old_event_is_quarantined(kick: SigningKick) -> None:
    sent_at = timezone.now() - timedelta(minutes=61)

    response = deliver_event(kick, GIFT, kicks_gifted(), sent_at=sent_at)

    assert response.status_code == 200
    assert not OfferUse.objects.exists()
    assert QuarantinedDelivery.objects.get().source == "kick_gifts"


@pytest.mark.usefixtures("offer")
def test_unusable_event_is_quarantined_if_its_subscription_is_ours(kick: SigningKick) -> None:
    broken = kicks_gifted() | {"gift": {}}
    deliver_event(kick, GIFT, broken, subscription_id="of another app")
    kept_of_others = QuarantinedDelivery.objects.count()

    response = deliver_event(kick, GIFT, broken)

    assert (response.status_code, kept_of_others) == (200, 0)
    assert QuarantinedDelivery.objects.count() == 1


def test_forged_event_is_refused(kick: SigningKick) -> None:
    body = json.dumps(kicks_gifted()).encode()
    headers = kick.headers(body)

    response = Client().post(PATH, body + b" ", content_type="application/json", headers=headers)

    assert response.status_code == 401


def test_unknown_type_and_version_are_answered_200(kick: SigningKick) -> None:
    assert deliver_event(kick, "channel.raided", {}).status_code == 200
    assert deliver_event(kick, GIFT, kicks_gifted(), version="2").status_code == 200


@pytest.mark.usefixtures("offer")
def test_gifted_subscriptions_give_the_gifter_and_each_giftee_one(kick: SigningKick) -> None:
    subscription_id = subscription_to(GIFTED_SUBS)
    body = gifted_subscriptions()

    for message_id in ("first", "again"):
        deliver_event(
            kick, GIFTED_SUBS, body, subscription_id=subscription_id, message_id=message_id
        )

    accounts = Claim.objects.order_by("account_id").values_list("account_id", "status")
    assert list(accounts) == [("kick:2", "GRANTED"), ("kick:3", "HELD"), ("kick:4", "HELD")]


@pytest.mark.usefixtures("offer")
def test_anonymous_gifter_gets_nothing_and_giftees_get_theirs(kick: SigningKick) -> None:
    body = gifted_subscriptions(gifter=None)

    deliver_event(kick, GIFTED_SUBS, body, subscription_id=subscription_to(GIFTED_SUBS))

    accounts = set(Claim.objects.values_list("account_id", flat=True))
    assert accounts == {"kick:3", "kick:4"}


@pytest.mark.usefixtures("offer")
def test_subscription_relabelled_as_renewal_is_the_same(kick: SigningKick) -> None:
    body = BODIES["channel.subscription.new"]
    for event in ("channel.subscription.new", "channel.subscription.renewal"):
        deliver_event(kick, event, body, subscription_id=subscription_to(event))

    assert Entitlement.objects.count() == 1


@pytest.mark.usefixtures("offer")
def test_next_month_of_a_subscription_gives_another(kick: SigningKick) -> None:
    first = BODIES["channel.subscription.new"]
    renewal = {**first, "duration": 2, "expires_at": "2026-08-01T18:00:00Z"}
    deliver_event(
        kick, "channel.subscription.new", first,
        subscription_id=subscription_to("channel.subscription.new"),
    )  # fmt: skip
    deliver_event(
        kick, "channel.subscription.renewal", renewal,
        subscription_id=subscription_to("channel.subscription.renewal"),
    )  # fmt: skip

    assert Entitlement.objects.count() == 2


@pytest.mark.usefixtures("offer")
def test_streamer_earns_nothing_in_their_own_channel(kick: SigningKick) -> None:
    body = kicks_gifted() | {"sender": person(1)}

    deliver_event(kick, GIFT, body)

    assert not OfferUse.objects.exists()


@pytest.mark.usefixtures("offer")
def test_secret_in_the_path(kick: SigningKick, settings: Any) -> None:
    settings.KICK_EVENTS_SECRET = "s3cret"

    without = deliver_event(kick, GIFT, kicks_gifted())
    wrong = deliver_event(kick, GIFT, kicks_gifted(), path=f"{PATH}/guess")
    right = deliver_event(kick, GIFT, kicks_gifted(), path=f"{PATH}/s3cret")

    assert [one.status_code for one in (without, wrong, right)] == [404, 404, 200]
    assert OfferUse.objects.count() == 1
