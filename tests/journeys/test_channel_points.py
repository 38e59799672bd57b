"""Channel points in a real browser: the studio, the streamer and the viewer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.demo_process import RunningDemo
from tests.journeys.steps import be_viewer, link, log_in_to_desk
from tests.journeys.visitor import DESKTOP, PHONE, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = [pytest.mark.chromium, pytest.mark.processes]

# The worker makes rewards and settles redemptions within seconds.
SOON = 75_000


@pytest.mark.parametrize(
    ("name", "screen", "viewer", "player", "offer"),
    [
        ("points", DESKTOP, "comet_fan", "Comet", "Nova blade for points"),
        ("points-phone", PHONE, "small_screen_viewer", "Pocket", "Stardust for points"),
    ],
)
def test_points_buy_an_item_or_come_back(
    demo: RunningDemo,
    visit: Callable[..., Visitor],
    name: str,
    screen: tuple[int, int],
    viewer: str,
    player: str,
    offer: str,
) -> None:
    facts = demo.facts
    studio, streamer, fan = (
        visit(f"{name}-{who}", screen=screen) for who in ("studio", "streamer", "viewer")
    )

    _make_offer(studio, facts, offer)
    _connect_channel(streamer, facts)
    _wait_for(streamer, lambda: _line(streamer, offer).get_by_text("On your channel", exact=True))
    streamer.look("channel")

    be_viewer(fan, facts, viewer)
    _redeem(fan, facts, offer)
    waits = _wait_for(streamer, lambda: _line(streamer, viewer).get_by_text("Has to link"))
    waits.wait_for()
    streamer.look("someone-has-to-link")
    fan.page.goto(facts["local_kick"]["inventory_url"])
    link(fan, facts, player=player, viewer=viewer)
    _wait_for(streamer, lambda: _line(streamer, viewer).get_by_text("Got the item"))

    fan.page.goto(facts["web"]["link_url"])
    assert fan.page.get_by_role("listitem").filter(has_text="Ready – log in").count() == 1
    _redeem(fan, facts, offer)
    refund = "Points given back: limit per viewer"
    _wait_for(streamer, lambda: _line(streamer, viewer).get_by_text(refund))
    streamer.look("refund")
    fan.page.goto(facts["web"]["link_url"])
    fan.look("points-back")
    fan.page.get_by_text("your channel points go back to you").wait_for()
    fan.page.goto(facts["local_kick"]["channels_url"])
    fan.page.get_by_text("You have 9300 points here.").wait_for()
    _look_up(studio, facts, player)


def _make_offer(studio: Visitor, facts: dict[str, Any], offer: str) -> None:
    page = studio.page
    log_in_to_desk(studio, facts)
    page.goto(f"{facts['web']['admin_url']}claims/offer/add/")
    page.locator("#id_name").fill(offer)
    page.locator("#id_trigger").select_option(label="Redeem a channel reward")
    page.locator("#id_item").select_option(index=1)
    studio.look("new-offer")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("How many channel points does it cost?").wait_for()
    page.locator("#id_cost").fill("700")
    page.locator("#id_limit_per_player").fill("1")
    page.get_by_role("button", name="Save", exact=True).click()
    studio.look("offers")
    page.get_by_role("link", name=offer).first.wait_for()


def _connect_channel(streamer: Visitor, facts: dict[str, Any]) -> None:
    page = streamer.page
    page.goto(facts["web"]["channel_url"])
    streamer.look("welcome")
    page.get_by_role("button", name="Connect your channel").click()
    page.get_by_role("button", name=facts["streamer"]["name"]).click()
    streamer.look("consent")
    page.get_by_role("button", name="Allow").click()
    page.get_by_text("Connected to Kick. Everything works.").wait_for()


def _redeem(fan: Visitor, facts: dict[str, Any], offer: str) -> None:
    fan.page.goto(facts["local_kick"]["channels_url"])
    fan.page.get_by_role("button", name=f"Redeem “{offer}”").click()
    fan.page.get_by_text(f"Redeemed “{offer}”").wait_for()
    fan.look("redeemed")


def _look_up(studio: Visitor, facts: dict[str, Any], player: str) -> None:
    page = studio.page
    page.goto(facts["web"]["admin_url"])
    page.locator("#desk-find").fill(player)
    page.locator("#desk-find").press("Enter")
    page.get_by_text("no item: limit per viewer").wait_for()
    studio.look("case")


def _line(streamer: Visitor, text: str) -> "Locator":
    return streamer.page.get_by_role("listitem").filter(has_text=text)


def _wait_for(streamer: Visitor, find: "Callable[[], Locator]") -> "Locator":
    """Load the page again until it shows this."""
    for _ in range(SOON // 1000):
        streamer.page.goto(streamer.page.url)
        if find().count():
            return find().first
        streamer.page.wait_for_timeout(1000)
    streamer.look("not-there")
    raise AssertionError(f"The streamer's page doesn't show it: {streamer.album}")
