"""Adding partner channels and offers at the desk."""

from typing import Any

import pytest
from django.test import Client

from accounts.platform_login import PlatformLogin, PlatformUser, get_login, register_login
from claims.models import AuditEvent, Channel, Offer
from core.platform_errors import PlatformUnavailable
from tests.claims.make_offers import GIFT, make_channel, make_offer
from tests.factories import make_item

pytestmark = pytest.mark.django_db

CHANNELS, OFFERS = "/admin/claims/channel/", "/admin/claims/offer/"
# What the browser sends for the table of channel rewards, which can't be changed here.
NO_REWARDS = {
    f"{name}-{field}": 0
    for name in ("rewards", "channel_rewards", "bans")
    for field in ("TOTAL_FORMS", "INITIAL_FORMS")
}


class Names(PlatformLogin):
    """Kick's login with two users."""

    platform, label = "kick", "Kick"
    is_down = False

    def find_user(self, name: str) -> PlatformUser | None:
        if self.is_down:
            raise PlatformUnavailable("Kick can't be reached.")
        return PlatformUser("1", "Astra") if name.lower() == "astra" else None

    def name_of(self, user_id: str) -> str:
        return {"1": "Astra"}.get(user_id, "")


@pytest.fixture
def names() -> Any:
    real, fake = get_login("kick"), Names()
    register_login(fake)
    yield fake
    register_login(real)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("owner", ["astra", "1", " 1 "])
def test_channel_is_found_by_name_or_id(admin_client: Client, owner: str) -> None:
    admin_client.post(f"{CHANNELS}add/", {"platform": "kick", "owner": owner})

    channel = Channel.objects.get()
    assert (channel.pk, channel.name, channel.is_active) == ("kick:1", "Astra", True)
    assert AuditEvent.objects.filter(subject_kind="channel").exists()


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("owner", ["vega", "2"])
def test_channel_that_is_unknown_is_refused(admin_client: Client, owner: str) -> None:
    answer = admin_client.post(f"{CHANNELS}add/", {"platform": "kick", "owner": owner})

    assert "Not found on Kick." in answer.content.decode()
    assert not Channel.objects.exists()


@pytest.mark.usefixtures("names")
def test_channel_twice_is_refused(admin_client: Client) -> None:
    make_channel()

    answer = admin_client.post(f"{CHANNELS}add/", {"platform": "kick", "owner": "1"})

    assert "already" in answer.content.decode()


def test_channel_while_the_platform_is_down(admin_client: Client, names: Names) -> None:
    names.is_down = True

    answer = admin_client.post(f"{CHANNELS}add/", {"platform": "kick", "owner": "astra"})

    assert "Try again in a minute." in answer.content.decode()


def test_channel_is_switched_off(admin_client: Client) -> None:
    channel = make_channel()

    admin_client.post(f"{CHANNELS}{channel.pk}/change/", NO_REWARDS)

    channel.refresh_from_db()
    assert not channel.is_active


def offer_form(**changes: Any) -> dict[str, Any]:
    form = {
        "name": "500 KICKs: cape",
        "trigger": GIFT,
        "at_least": 500,
        "item": make_item(sku="cape").pk,
        "quantity": 2,
        "channels": [make_channel().pk],
        "limit_per_player": 1,
        "color": "#00e701",
        "hours_to_link": 24,
    }
    return form | changes


def test_offer_is_made_with_its_item(admin_client: Client) -> None:
    admin_client.post(f"{OFFERS}add/", offer_form())

    offer = Offer.objects.get()
    assert (str(offer), offer.at_least, offer.delay_hours) == ("500 KICKs: cape", 500, 0)
    assert offer.reward.source == "kick_gifts"
    assert [(one.item.sku, one.quantity) for one in offer.reward.mapping.all()] == [("cape", 2)]
    assert [one.pk for one in offer.channels.all()] == ["kick:1"]


@pytest.mark.parametrize(("given", "delay"), [("", 24), ("0", 0), ("3", 3)])
def test_offer_of_gifted_subscriptions_waits_a_day(
    admin_client: Client, given: str, delay: int
) -> None:
    form = offer_form(trigger="kick_subscriptions:giftee", delay_hours=given)

    admin_client.post(f"{OFFERS}add/", form)

    assert Offer.objects.get().delay_hours == delay


def test_offer_is_changed_but_not_what_earns_it(admin_client: Client) -> None:
    offer = make_offer()
    form = offer_form(name="Renamed", at_least=600, trigger="kick_subscriptions:giftee")

    admin_client.post(f"{OFFERS}{offer.pk}/change/", form | NO_REWARDS | {"delay_hours": 0})

    offer = Offer.objects.get()
    assert (str(offer), offer.at_least, offer.trigger) == ("Renamed", 600, GIFT)


POINTS = "kick_channel_rewards:redemption"


def test_offer_for_channel_points_has_a_cost(admin_client: Client) -> None:
    form = offer_form(trigger=POINTS, at_least=7)
    answer = admin_client.post(f"{OFFERS}add/", form)
    assert "How many channel points does it cost?" in answer.content.decode()
    answer = admin_client.post(f"{OFFERS}add/", form | {"cost": 5, "name": "x" * 51})
    assert "At most 50 characters" in answer.content.decode()

    admin_client.post(f"{OFFERS}add/", form | {"cost": 1000})

    offer = Offer.objects.get()
    assert (offer.cost, offer.at_least, offer.delay_hours) == (1000, 1, 0)
    assert offer.reward.source == "kick_channel_rewards"


def test_offer_for_gifts_has_no_cost(admin_client: Client) -> None:
    admin_client.post(f"{OFFERS}add/", offer_form(cost=1000))

    assert Offer.objects.get().cost is None


def test_offer_that_ends_before_it_starts_is_refused(admin_client: Client) -> None:
    dates = {
        "starts_at_0": "2026-06-02", "starts_at_1": "00:00",
        "ends_at_0": "2026-06-01", "ends_at_1": "00:00",
    }  # fmt: skip

    answer = admin_client.post(f"{OFFERS}add/", offer_form(**dates))

    assert "The offer ends before it starts." in answer.content.decode()
    assert not Offer.objects.exists()
