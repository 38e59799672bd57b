import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.local.kick.browser import Browser
from tests.local.kick.receiver import running_receiver
from tests.local.kick.world import REDIRECT_URI, World

DASHBOARD = "/dashboard"


@pytest.fixture
def browser(world: World) -> Iterator[Browser]:
    browser = Browser(world.kick.url)
    browser.sign_in("Ada")
    yield browser
    browser.session.close()


def consent_path(world: World, **changes: str) -> str:
    return "/oauth/authorize?" + urlencode(world.authorize_query(**changes))


def watch(world: World, minutes: int = 30) -> None:
    world.kick.watch(user_id=world.user_id, campaign_id=world.campaign_id, minutes=minutes)


def test_every_page_is_strict_and_says_what_it_is(world: World, browser: Browser) -> None:
    paths = ["/", "/settings/connections", DASHBOARD, consent_path(world), "/nowhere"]

    pages = [browser.open(path) for path in paths]

    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "unsafe" not in policy
        assert "Local Kick - not Kick.</strong> A stand-in for development" in page.text
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)


def test_stylesheets_and_art_are_served(world: World, browser: Browser) -> None:
    page = browser.open("/").text

    links = re.findall(r'(?:href|src)="(/(?:static|art)/[^"]+)"', page)

    assert len(links) >= 5
    assert {browser.open(link).status_code for link in links} == {200}
    art = browser.open(f"/art/rewards/{world.reward_id}.svg")
    assert art.headers["Content-Type"] == "image/svg+xml"


def test_nobody_is_asked_who_they_are(world: World) -> None:
    browser = Browser(world.kick.url)

    for path in ("/", "/settings/connections", consent_path(world)):
        assert "Who are you?" in browser.open(path).text


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil"]
)
def test_sign_in_goes_nowhere_else(world: World, elsewhere: str) -> None:
    browser = Browser(world.kick.url)

    response = browser.press("/", "/sign-in", name="Ada", next=elsewhere)

    assert response.headers["Location"] == "/"


def test_sign_in_without_a_name(world: World) -> None:
    browser = Browser(world.kick.url)

    browser.press("/", "/sign-in", name=" ", next="/")

    assert "Enter a name" in browser.open("/").text


def test_switch_viewer(world: World, browser: Browser) -> None:
    browser.press("/", "/sign-out", next="/settings/connections")

    assert "Who are you?" in browser.open("/").text


def test_inventory_says_why_not(world: World, browser: Browser) -> None:
    before = browser.open("/").text
    watch(world)
    after = browser.open("/").text

    assert "Watch 30 more min to earn this reward." in before
    assert '<p class="why"' in after
    assert "Connect your game account to claim." in after


def test_inventory_watch_button(world: World, browser: Browser) -> None:
    response = browser.press("/", "/watch", campaign_id=world.campaign_id)

    assert response.headers["Location"] == f"/#campaign-{world.campaign_id}"
    assert "15 of 30 min" in browser.open("/").text


def test_inventory_connect_leads_to_the_studio(world: World, browser: Browser) -> None:
    world.kick.register_app(connect_url="http://localhost:8000/link/?from=kick")

    assert 'href="http://localhost:8000/link/?from=kick"' in browser.open("/").text


def test_inventory_claim_button(world: World, browser: Browser) -> None:
    watch(world)
    world.new_code()

    with running_receiver() as receiver:
        world.kick.register_app(redirect_uris=[REDIRECT_URI], webhook_url=receiver.url)
        browser.press("/", "/claim", **world.pair)

    page = browser.open("/").text
    assert len(receiver.bodies) == 1
    assert "webhook answered 200" in page
    assert "Claimed <span>initiated</span>" in page


def test_inventory_claim_is_checked_again(world: World, browser: Browser) -> None:
    browser.press("/", "/claim", **world.pair)

    assert "Watch 30 more min" in browser.open("/").text
    assert list(world.kick.claims()) == []


def test_inventory_hides_what_is_for_members(world: World, browser: Browser) -> None:
    world.kick.save_campaign(test_mode=True)
    before = browser.open("/").text
    world.kick.make_viewer("Ada", member_of="Skyfall Studio")

    assert "Launch week" not in before
    assert "Launch week" in browser.open("/").text


def test_consent_allow(world: World, browser: Browser) -> None:
    path = consent_path(world)

    page = browser.open(path)
    response = browser.press(path, path, decision="allow")

    assert "See your name, user id and profile picture" in page.text
    assert "form-action 'self' http://localhost:8000;" in page.headers["Content-Security-Policy"]
    address = response.headers["Location"]
    assert address.startswith(REDIRECT_URI + "?")
    query = parse_qs(urlsplit(address).query)
    assert query["state"] == ["s-1"]
    assert world.exchange(query["code"][0]).status_code == 200


def test_consent_decline(world: World, browser: Browser) -> None:
    path = consent_path(world)

    response = browser.press(path, path, decision="decline")

    query = parse_qs(urlsplit(response.headers["Location"]).query)
    assert query == {"error": ["access_denied"], "state": ["s-1"]}
    assert world.kick.dump()["grants"] == []


def test_consent_needs_the_form(world: World, browser: Browser) -> None:
    address = world.kick.url + consent_path(world)

    response = browser.session.post(address, data={"decision": "allow"}, timeout=9)

    assert response.status_code == 403
    assert "Local Kick - not Kick" in response.text
    assert world.kick.dump()["grants"] == []


def test_connections_disconnect(world: World, browser: Browser) -> None:
    tokens = world.user_tokens()
    before = browser.open("/settings/connections").text

    browser.press("/settings/connections", "/settings/disconnect", client_id="app")

    after = browser.open("/settings/connections").text
    assert "Skyfall Online" in before
    assert "No app is connected" in after
    assert world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def press(browser: Browser, action: str, **form: str) -> str:
    """Press a button of the dashboard; returns what the dashboard then says."""
    browser.press(DASHBOARD, f"{DASHBOARD}/{action}", **form)
    found = re.search(r'role="status">([^<]+)<', browser.open(DASHBOARD).text)
    return found[1] if found else ""


def test_dashboard_reward_and_campaign(world: World, browser: Browser) -> None:
    owner = {"organization": "Skyfall Studio"}
    world.kick.save_campaign(name="Seed", rewards=[{"reward_id": "R9", "name": "Crown"}])

    said = press(browser, "rewards", **owner, name="Sword", external_id="sword-1")
    campaign = {"name": "Autumn", "length_days": "10", "grace_days": "0", "minutes-R9": "45"}
    press(browser, "campaigns", **owner, **campaign)

    page = browser.open(DASHBOARD).text
    assert said.startswith("Reward Sword saved")
    assert "external id sword-1" in page
    assert "<b>Autumn</b>" in page
    assert "Crown <small>45 min</small>" in page


@pytest.mark.parametrize(
    ("action", "form", "sentence"),
    [
        ("rewards", {"name": ""}, "name: This field is required."),
        ("campaigns", {"name": "X", "length_days": "0", "grace_days": "1"}, "length_days"),
        ("claims", {"count": "1", "attachment": "999"}, "attachment: Select a valid choice"),
    ],
)
def test_dashboard_bad_form(
    world: World, browser: Browser, action: str, form: dict[str, str], sentence: str
) -> None:
    assert sentence in press(browser, action, organization="Skyfall Studio", **form)


def test_dashboard_makes_claims(world: World, browser: Browser) -> None:
    form = re.search(r'<option value="(\d+)">Ember cape', browser.open(DASHBOARD).text)
    assert form

    said = press(browser, "claims", organization="Skyfall Studio", count="3", attachment=form[1])

    assert said == "3 claims created. No webhooks were sent."
    assert len(list(world.kick.claims())) == 3


def test_dashboard_rotates_the_key_and_clears_faults(world: World, browser: Browser) -> None:
    key = requests.get(f"{world.kick.url}/public/v1/public-key", timeout=9).text
    world.kick.set_faults(webhook={"drop": 0.5})
    assert "{&quot;drop&quot;: 0.5}" in browser.open(DASHBOARD).text

    press(browser, "rotate-key")
    press(browser, "clear-faults")

    assert requests.get(f"{world.kick.url}/public/v1/public-key", timeout=9).text != key
    assert world.kick.call("GET", "faults") == {}


def test_dashboard_escapes_names(world: World, browser: Browser) -> None:
    world.kick.save_campaign(name="<script>alert(1)</script>")

    for path in ("/", DASHBOARD):
        assert "<script>" not in browser.open(path).text
