"""Running campaigns, pictures of items, and an outage, as the player's page shows them."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.pages.campaigns import SHOWN_AT_MOST, list_offered_campaigns
from accounts.pages.drops import list_player_drops
from accounts.pages.sessions import PLAYER_KEY
from claims.models import Campaign, CampaignReward, Item, Pause
from claims.pictures import BIGGEST_BYTES, BadPicture, set_picture
from core.models import Lease
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_entitlement,
    make_item,
    make_player,
    make_reward,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
PNG = b"\x89PNG\r\n\x1a\n and more"


def make_running(**overrides: Any) -> Campaign:
    fields = {"name": "Launch Week", "starts_at": NOW - DAY, "ends_at": NOW + DAY}
    return make_campaign(**fields | overrides)


def names() -> list[str]:
    return [one.name for one in list_offered_campaigns(now=NOW)]


def test_running_campaign_is_offered_with_its_rewards() -> None:
    item = make_item(sku="cape")
    digest = set_picture(item=item, content=PNG).digest
    campaign = make_running(
        channels=["nova_live"],
        rewards=[make_reward(name="Ember cape", items=[(item, 1)]), make_reward(name="Unmapped")],
    )
    CampaignReward.objects.update(required_minutes=30)

    (offer,) = list_offered_campaigns(now=NOW)

    assert (offer.name, offer.ends_at, offer.has_started) == (campaign.name, NOW + DAY, True)
    (reward,) = offer.rewards
    assert (reward.name, reward.minutes, reward.picture) == ("Ember cape", 30, digest)


def test_campaign_is_announced_before_it_starts() -> None:
    dates = {"starts_at": NOW + 3 * DAY, "ends_at": NOW + 9 * DAY}
    make_running(name="Announced", announcement_days=3, **dates)
    make_running(name="Secret", announcement_days=2, **dates)

    (offer,) = list_offered_campaigns(now=NOW)

    assert (offer.name, offer.has_started) == ("Announced", False)


@pytest.mark.parametrize(
    "fields",
    [
        {"is_test": True},
        {"name": ""},
        {"starts_at": None},
        {"ends_at": NOW},
        {"rewards": []},
    ],
)
def test_campaign_that_no_player_should_see(fields: dict[str, Any]) -> None:
    make_running(**fields)

    assert names() == []


def test_paused_campaign_is_not_offered() -> None:
    Pause.objects.create(campaign=make_running(), paused_at=NOW, paused_by="ada", reason="wrong")

    assert names() == []


def test_campaign_that_ends_next_comes_first_and_the_list_is_short() -> None:
    for days in range(1, SHOWN_AT_MOST + 3):
        make_running(name=f"{days}", ends_at=NOW + days * DAY)

    assert names() == ["1", "2", "3"]


def test_offers_take_a_constant_number_of_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(3):
        make_running(rewards=[make_reward(name="Cape", items=[(make_item(), 1)])])

    with django_assert_num_queries(6):
        list_offered_campaigns(now=NOW)


# --- Pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    ],
)
def test_picture_is_served_for_good(client: Client, content: bytes, content_type: str) -> None:
    digest = set_picture(item=make_item(), content=content).digest

    answer = client.get(f"/link/pictures/{digest}")

    assert answer.content == content
    assert answer["Content-Type"] == content_type
    assert "immutable" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<svg onload='alert(1)'/>", PNG + b"x" * BIGGEST_BYTES]
)
def test_other_files_are_refused(admin_client: Client, content: bytes) -> None:
    item = make_item()
    with pytest.raises(BadPicture):
        set_picture(item=item, content=content)

    file = SimpleUploadedFile("picture.png", content or b"x")
    page = admin_client.post(
        f"/admin/claims/item/{item.pk}/change/", {"name": "Cape", "picture": file}
    )

    assert "The picture" in page.content.decode()
    assert not hasattr(Item.objects.get(), "picture")


def test_staff_upload_a_picture_and_the_player_sees_it(
    admin_client: Client, client: Client
) -> None:
    item, player = make_item(sku="cape"), make_player()
    make_entitlement(player=player, sku="cape")
    file = SimpleUploadedFile("picture.png", PNG)

    admin_client.post(f"/admin/claims/item/{item.pk}/change/", {"name": "Cape", "picture": file})

    (drop,) = list_player_drops(player)
    assert client.get(f"/link/pictures/{drop.picture}").content == PNG
    assert (
        f"/link/pictures/{drop.picture}" in admin_client.get("/admin/claims/item/").content.decode()
    )


def test_new_picture_has_a_new_address(client: Client) -> None:
    item = make_item()
    old = set_picture(item=item, content=PNG).digest
    new = set_picture(item=item, content=PNG + b"!").digest

    assert client.get(f"/link/pictures/{old}").status_code == 404
    assert client.get(f"/link/pictures/{new}").status_code == 200


# --- An outage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "is_said"), [("Kick answered 503.", True), ("", False)])
def test_player_is_told_of_an_outage(client: Client, error: str, is_said: bool) -> None:
    now = timezone.now()
    Lease.objects.create(
        job="catch_up:kick_drops", expires_at=now, not_before=now, platform_error=error
    )
    player = make_player()
    make_account(player=player)
    session = client.session
    session[PLAYER_KEY] = player.pk
    session.save()

    page = client.get("/link/").content.decode()

    assert ("Nothing you claim is lost" in page) == is_said
