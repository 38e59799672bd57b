"""The story of one drop in a real browser, as the README tells it: on a desk and on a phone."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.demo_process import RunningDemo
from tests.journeys.game_server import set_mode
from tests.journeys.steps import allow, be_viewer, go_to_consent, link, log_in, log_in_to_desk
from tests.journeys.visitor import DESKTOP, PHONE, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = [pytest.mark.chromium, pytest.mark.processes]

REWARD = "Ember cape"
# The scheduler looks every fifteen seconds for what Kick has to be told.
TOLD_WITHIN_SECONDS = 40


@pytest.mark.parametrize(
    ("name", "screen", "viewer", "player"),
    [
        ("desk", DESKTOP, "vega_watches", "Nova"),
        ("phone", PHONE, "a_viewer_with_quite_a_long_name", "Kestrel"),
    ],
)
def test_one_drop_from_the_first_click_to_the_game(
    demo: RunningDemo,
    visit: Callable[..., Visitor],
    name: str,
    screen: tuple[int, int],
    viewer: str,
    player: str,
) -> None:
    visitor = visit(name, screen=screen)
    support = visit(f"{name}-support", screen=screen)
    facts = demo.facts

    be_viewer(visitor, facts, viewer)
    _watch(visitor)
    _find_that_claiming_needs_a_link(visitor)
    link(visitor, facts, player=player, viewer=viewer)
    _claim(visitor)
    _find_the_item(visitor, facts, state="Ready")
    _look_up_the_claim(support, facts, player=player)
    _hand_out(facts, player=player)

    _find_the_item(visitor, facts, state="In your game")
    _look_around(visitor, facts)  # meanwhile the scheduler runs
    _wait_until_kick_is_told(visitor, facts)


def test_ways_that_do_not_lead_to_a_link(demo: RunningDemo, visit: Callable[..., Visitor]) -> None:
    visitor, other = visit("ends", screen=PHONE), visit("ends-other", screen=PHONE)
    facts = demo.facts
    be_viewer(visitor, facts, "undecided_viewer")
    be_viewer(other, facts, "undecided_viewer")

    go_to_consent(visitor, facts, player="Juniper")
    visitor.page.get_by_role("button", name="Decline").click()
    visitor.page.get_by_role("heading", name="You didn’t allow access on Kick.").wait_for()
    visitor.look("declined")
    go_to_consent(visitor, facts, player="Juniper")
    allow(visitor)
    go_to_consent(other, facts, player="Old Mags")
    other.page.get_by_role("button", name="Allow").click()

    other.page.get_by_role(
        "heading", name="Kick account is linked to another game account"
    ).wait_for()
    other.look("taken")


def test_player_unlinks_and_keeps_what_came(
    demo: RunningDemo, visit: Callable[..., Visitor]
) -> None:
    visitor = visit("unlink")
    be_viewer(visitor, demo.facts, "fickle_viewer")
    _watch(visitor)
    link(visitor, demo.facts, player="Someone Else", viewer="fickle_viewer")
    _claim(visitor)
    visitor.page.goto(demo.facts["web"]["link_url"])

    visitor.page.get_by_role("link", name="Unlink").click()
    visitor.look("unlink")
    visitor.page.get_by_role("button", name="Unlink").click()

    visitor.look("unlinked")
    assert visitor.page.get_by_text(REWARD).is_visible()
    assert visitor.page.get_by_text("stay in your game account").is_visible()


def test_linked_page_agrees_with_kick(demo: RunningDemo, visit: Callable[..., Visitor]) -> None:
    """Pressing Connect at Kick while linked: after disconnecting, and from another account."""
    visitor, facts = visit("again", screen=PHONE), demo.facts
    page, kick_url = visitor.page, facts["local_kick"]["url"]
    be_viewer(visitor, facts, "first_account")
    link(visitor, facts, player="Wren", viewer="first_account")

    page.goto(f"{kick_url}/settings/connections")
    page.get_by_role("button", name="Disconnect").click()
    page.wait_for_timeout(5_500)  # a word of Kick's is this old at most
    page.goto(facts["local_kick"]["inventory_url"])
    page.get_by_role("link", name="Connect", exact=True).click()
    page.get_by_role("heading", name="Reconnect to Kick").wait_for(timeout=60_000)
    visitor.look("disconnected")
    page.get_by_role("button", name="Reconnect").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_text("The connection to Kick has been renewed.").wait_for()
    visitor.look("renewed")
    page.context.clear_cookies()
    be_viewer(visitor, facts, "second_account")
    page.get_by_role("link", name="Connect", exact=True).click()
    page.get_by_role("link", name="Log in to Starfall Online").click()
    log_in(visitor, "Wren")
    page.get_by_text("Does Kick still ask you to connect?").click()
    visitor.look("connect-again")
    page.get_by_role("button", name="Connect to Kick again").click()
    page.get_by_role("button", name="Allow").click()

    page.get_by_role("button", name="Replace it with second_account").wait_for()
    assert page.url.endswith("/link/kick/ended")
    page.reload()
    assert page.get_by_role("button", name="Replace it with second_account").is_visible()


def test_new_drop_appears_without_a_reload(
    demo: RunningDemo, visit: Callable[..., Visitor]
) -> None:
    visitor, facts = visit("live"), demo.facts
    page = visitor.page
    be_viewer(visitor, facts, "patient_viewer")
    _watch(visitor)
    link(visitor, facts, player="Patience", viewer="patient_viewer")
    other = page.context.new_page()
    other.goto(facts["local_kick"]["inventory_url"])
    inventory = Visitor(other, visitor.album)

    _reward(inventory).get_by_role("button", name="Claim").click()

    drop = page.get_by_role("listitem").filter(has_text=REWARD)
    drop.get_by_text("Ready – log in to the game").wait_for(timeout=30_000)
    assert drop.get_by_text(" UTC").count() == 0
    visitor.look("live")


def test_item_appears_in_the_game_while_one_watches(
    demo: RunningDemo, visit: Callable[..., Visitor]
) -> None:
    visitor, facts = visit("game"), demo.facts
    be_viewer(visitor, facts, "playing_viewer")
    _watch(visitor)
    link(visitor, facts, player="Gamer", viewer="playing_viewer")
    page = visitor.page.context.new_page()
    page.goto(f"{facts['game_server']['url']}/?player=Gamer")
    game = Visitor(page, visitor.album)
    assert page.get_by_text("Gamer has no items yet.").is_visible()

    set_mode(facts, "deliver")
    _claim(visitor)
    page.get_by_role("listitem").filter(has_text="cape-ember").first.wait_for(timeout=30_000)
    set_mode(facts, "lie")

    game.look("inventory")
    _find_the_item(visitor, facts, state="In your game")
    visitor.page.get_by_text("Details").first.click()
    visitor.look("details-of-a-drop")
    steps = visitor.page.locator(".drop__steps").first
    assert steps.get_by_text("Received from Kick").is_visible()
    assert steps.get_by_text("Delivered").is_visible()


def test_player_continues_on_another_device(
    demo: RunningDemo, visit: Callable[..., Visitor]
) -> None:
    console, phone = visit("console"), visit("handed-over", screen=PHONE)
    facts = demo.facts
    console.page.goto(facts["web"]["link_url"])
    console.page.get_by_role("link", name="Log in to Starfall Online").click()
    log_in(console, "Couch Potato")
    console.page.get_by_text("On a phone?").click()
    console.look("on-a-phone")
    console.page.get_by_role("button", name="Continue on another device").click()
    console.look("hand-over")
    code = console.page.locator("p.code").inner_text()

    be_viewer(phone, facts, "couch_viewer")
    phone.page.goto(facts["web"]["link_url"])
    phone.page.get_by_role("link", name="Enter a code from the game").click()
    phone.page.get_by_label("Code").fill("AAAA-AAAA")
    phone.page.get_by_role("button", name="Continue").click()
    phone.look("wrong-code")
    phone.page.get_by_label("Code").fill(code)
    phone.page.get_by_role("button", name="Continue").click()
    phone.look("is-this-your-account")
    phone.page.get_by_role("button", name="Yes, this is my account").click()
    phone.page.get_by_role("button", name="Yes, continue to Kick").click()
    allow(phone)
    phone.page.get_by_role("heading", name="Linked. You’re all set.").wait_for()
    phone.page.get_by_role("link", name="Unlink").click()
    phone.look("log-in-first")

    console.page.get_by_role("link", name="I’m done there").click()
    assert console.page.get_by_text("couch_viewer").first.is_visible()


def test_game_s_ticket_is_named_and_confirmed(
    demo: RunningDemo, visit: Callable[..., Visitor]
) -> None:
    visitor, facts = visit("ticket", screen=PHONE), demo.facts
    headers = {"Authorization": f"Bearer {facts['api_key']}"}
    body = {
        "game_account_id": "ps-4711",
        "name": "A console player with a rather long name",
        "details": [
            {"label": "Level", "value": "42"},
            {"label": "Platform", "value": "PlayStation 5"},
        ],
    }
    url = f"{facts['web']['api_url']}/link-tickets"
    made = requests.post(url, json=body, headers=headers, timeout=10).json()
    be_viewer(visitor, facts, "ticket_viewer")

    visitor.page.goto(made["url"])
    visitor.look("ticket")
    visitor.page.get_by_role("button", name="Yes, this is my account").click()
    visitor.page.get_by_role("button", name="Yes, continue to Kick").click()
    allow(visitor)
    visitor.page.get_by_role("heading", name="Linked. You’re all set.").wait_for()

    state = requests.get(f"{url}/{made['id']}", headers=headers, timeout=10).json()
    assert (state["state"], state["account"]["name"]) == ("linked", "ticket_viewer")
    visitor.page.goto(made["url"])
    visitor.look("ticket-ended")


def _watch(visitor: Visitor) -> None:
    visitor.look("inventory")
    visitor.page.get_by_role("button", name="Watch 15 min").click()
    visitor.page.get_by_text("Watched 15 min").wait_for()


def _find_that_claiming_needs_a_link(visitor: Visitor) -> None:
    visitor.look("watched")
    assert _reward(visitor).get_by_role("button", name="Claim").is_disabled()
    assert _reward(visitor).get_by_text("Connect your game account to claim").is_visible()


def _claim(visitor: Visitor) -> None:
    visitor.page.get_by_role("link", name="Back to Kick").click()
    visitor.page.get_by_text("Your game account is connected.").wait_for()
    visitor.look("connected")
    _reward(visitor).get_by_role("button", name="Claim").click()
    _reward(visitor).get_by_text("Claimed").wait_for()
    visitor.look("claimed")


def _find_the_item(visitor: Visitor, facts: dict[str, Any], *, state: str) -> None:
    visitor.page.goto(facts["web"]["link_url"])
    visitor.look(f"drops-{state.split()[0].lower()}")
    drop = visitor.page.get_by_role("listitem").filter(has_text=REWARD)
    assert drop.get_by_text(state).is_visible()


def _look_up_the_claim(support: Visitor, facts: dict[str, Any], *, player: str) -> None:
    page = support.page
    log_in_to_desk(support, facts)
    page.goto(f"{facts['web']['admin_url']}claims/claim/?q={player}")
    support.look("claims")
    rows = page.locator("#result_list tbody tr")
    assert rows.count() == 1
    rows.get_by_role("link").first.click()
    support.look("claim")
    assert REWARD in page.content()


def _hand_out(facts: dict[str, Any], *, player: str) -> None:
    """With what `curl` would send."""
    api = facts["web"]["api_url"]
    headers = {"Authorization": f"Bearer {facts['api_key']}"}
    owed = requests.get(
        f"{api}/entitlements", params={"game_account_id": player}, headers=headers, timeout=10
    ).json()["entitlements"]
    assert [row["sku"] for row in owed] == ["cape-ember"]
    body = {"entitlement_ids": [owed[0]["id"]], "fulfilment_id": f"for {player}"}
    told = requests.post(f"{api}/entitlements/fulfil", json=body, headers=headers, timeout=10)
    assert told.json() == {"outcomes": [{"id": owed[0]["id"], "outcome": "fulfilled"}]}


def _wait_until_kick_is_told(visitor: Visitor, facts: dict[str, Any]) -> None:
    deadline = time.monotonic() + TOLD_WITHIN_SECONDS
    visitor.page.goto(facts["local_kick"]["inventory_url"])
    while not _reward(visitor).get_by_text("processed").count():
        assert time.monotonic() < deadline, "Kick was not told that the item was handed out"
        visitor.page.wait_for_timeout(500)
        visitor.page.reload()
    visitor.look("processed")


def _look_around(visitor: Visitor, facts: dict[str, Any]) -> None:
    for name, url in (
        ("kick-dashboard", facts["local_kick"]["dashboard_url"]),
        ("kick-connections", f"{facts['local_kick']['url']}/settings/connections"),
        ("api-docs", facts["web"]["api_docs_url"]),
    ):
        visitor.page.goto(url)
        visitor.look(name)


def _reward(visitor: Visitor) -> "Locator":
    return visitor.page.get_by_role("listitem").filter(has_text=REWARD)
