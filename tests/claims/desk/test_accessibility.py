"""axe-core finds nothing to object to: on the desk, in the lists of the admin, and on the player's
pages; on a desk's and a phone's screen, by day and by night."""

import threading
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from django.utils import timezone

from accounts.game_logins import get_game_login
from accounts.link_attempts import begin_link_attempt
from accounts.link_tickets import make_link_ticket
from accounts.links import NewAuthorization
from accounts.models import Authorization, LinkTicket, Player
from accounts.pages.channel import CHANNEL_KEY
from accounts.pages.sessions import PLAYER_KEY, TICKET_KEY
from accounts.pending_links import hold_link
from accounts.platform_login import PlatformUser
from claims.models import ChannelReward, Claim
from examples.python.game_server import Drops, Game
from local.demo.sample_data import make_sample_data
from local.game_server.server import GameServer, Handler
from platforms.kick.protocol.oauth import challenge_of, new_verifier
from tests.axe import find_violations
from tests.claims.make_offers import make_offer
from tests.claims.points_platform import (
    PointsPlatform,
    connect,
    keep,
    link,
    make_points_offer,
    settle,
)
from tests.factories import (
    make_account,
    make_claim,
    make_entitlement,
    make_player,
    new_tokens,
)
from tests.local_kick_process import LocalKick

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chromium]

Check = Callable[..., None]
ITEM = {
    "game_account_id": "Nova",
    "sku": "cape-ember",
    "quantity": 1,
    "granted_at": "2026-06-23T12:00:00Z",
}


@pytest.fixture
def check(page: "Page", live_server: Any) -> Check:
    """Opens each address, and fails with all that axe-core finds on all of them."""

    def open_and_check(*addresses: str, status: int = 200) -> None:
        found: list[str] = []
        for address in addresses:
            assert page.goto(live_server.url + address).status == status, address
            found += find_violations(page)
        assert not found, "\n".join(found)

    return open_and_check


def test_checker_names_the_rule_the_element_and_the_cure(
    page: "Page", live_server: Any, one_of_each: Any
) -> None:
    page.goto(live_server.url + reverse("admin:claims_claim_changelist"))
    page.evaluate("document.querySelector('label[for=searchbar]').remove()")

    found = find_violations(page)

    looks = ("1360 px, light", "390 px, light")
    assert all(any(f"{look}: label\n" in line for line in found) for look in looks)
    assert all('id="searchbar"' in line and "Fix " in line for line in found)


def test_checker_finds_colours_too_near_in_every_look(
    page: "Page", live_server: Any, one_of_each: Any
) -> None:
    page.goto(live_server.url + reverse("admin:claims_claim_changelist"))
    page.evaluate(
        "document.querySelector('#content h1').style.cssText = 'color: #777; background: #888'"
    )

    found = find_violations(page)

    looks = ("1360 px, light", "1360 px, dark", "390 px, light", "390 px, dark")
    assert all(any(f"{look}: color-contrast\n" in line for line in found) for look in looks)


# --- Staff -------------------------------------------------------------------------------------


def test_desk_is_accessible(page: "Page", check: Check, addresses: list[str]) -> None:
    check(*addresses)

    assert page.complaints == []


def test_desk_with_life_in_it_is_accessible(page: "Page", check: Check, lived_in: Claim) -> None:
    for _ in range(2):
        make_account(name="twin")

    check(
        "/admin/",
        reverse("desk:search") + "?find=twin",
        reverse("desk:campaign", args=[lived_in.campaign_id]),
        reverse("desk:queue"),
        reverse("desk:map", args=[lived_in.reward_id]),
        reverse("desk:account", args=[lived_in.account_id]),
    )

    assert page.complaints == []


def test_answers_to_a_form_are_accessible(page: "Page", live_server: Any, lived_in: Claim) -> None:
    page.goto(live_server.url + reverse("desk:map", args=[lived_in.reward_id]))
    page.select_option("[name=form-0-item]", index=1)
    page.get_by_role("button", name="Preview").click()
    page.wait_for_selector(".effects")
    found = find_violations(page)
    player = Player.objects.earliest("pk")
    page.goto(live_server.url + reverse("desk:grant", args=[player.pk]))
    page.select_option("[name=pair]", index=1)
    page.fill("[name=reason]", " ")
    page.get_by_role("button", name="Grant manually").click()
    page.wait_for_selector(".errorlist")

    assert found + find_violations(page) == []


def test_lists_and_their_pages_are_accessible(
    page: "Page", check: Check, lived_in: Claim, one_of_each: Any
) -> None:
    lists = ("claim", "entitlement", "reconcilerun", "quarantineddelivery", "auditevent")
    pages = ("claim", "entitlement", "quarantineddelivery", "campaign", "reward")

    check(
        *(reverse(f"admin:claims_{name}_changelist") for name in lists),
        reverse("admin:claims_webhookendpoint_changelist"),
        reverse("admin:claims_webhookendpoint_add"),
        reverse("admin:claims_apikey_add"),
        reverse(
            "admin:claims_webhookdelivery_change", args=[one_of_each["claims_webhookdelivery"].pk]
        ),
        reverse("admin:claims_claim_changelist") + "?q=nothing+such",
        *(
            reverse(f"admin:claims_{name}_change", args=[one_of_each[f"claims_{name}"].pk])
            for name in pages
        ),
    )

    assert page.complaints == []


def test_staff_login_is_accessible(page: "Page", live_server: Any, check: Check) -> None:
    page.context.clear_cookies()
    check("/admin/login/")

    page.fill("#id_username", "nobody")
    page.fill("#id_password", "wrong")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_selector(".errornote")

    assert find_violations(page) == []


@pytest.fixture
def lived_in() -> Claim:
    """Made-up weeks of campaigns. Returns a claim whose reward nobody has mapped.

    With this seed, few claims show as many states as a hundred: rows cost axe-core most.
    """
    list(make_sample_data(claims=40, seed=3, now=timezone.now()))
    waiting = Claim.objects.filter(hold_reason=Claim.HoldReason.UNMAPPED_REWARD)
    return waiting.select_related("account").earliest("recorded_at")


# --- Players -----------------------------------------------------------------------------------


def test_way_to_a_link_is_accessible(page: "Page", check: Check, settings: Any) -> None:
    settings.DEBUG = True
    settings.GAME_LOGIN = "accounts.game_logins.demo.DemoLogin"
    get_game_login.cache_clear()

    check("/link/", "/link/login", "/api/v1/docs")
    check("/link/login/callback", status=400)
    be_player(page, make_player(name="Nova"))
    check("/link/")


def test_linked_player_sees_accessible_pages(page: "Page", check: Check) -> None:
    player = make_player(name="Nova")
    account = make_account(player=player, name="nova_live")
    for status in ("GRANTED", "FULFILLED", "REVOKED"):
        make_entitlement(player=player, status=status)
    make_claim(account=account, hold_reason="UNMAPPED_REWARD")
    be_player(page, player)

    check("/link/", "/link/unlink")


def test_streamers_pages_are_accessible(page: "Page", check: Check) -> None:
    check("/channel/")
    check("/channel/kick/callback?state=unknown", status=400)
    make_points_offer()
    make_offer()
    connect(now=timezone.now())
    platform = PointsPlatform()
    keep(platform)
    for number, account in enumerate(("kick:7", "kick:8", "kick:1")):
        platform.redeem(number, account=account)
    link(make_player())
    settle(platform, after=timedelta(minutes=1))
    session = session_of(page)
    session[CHANNEL_KEY] = "kick:1"
    session.save()
    ChannelReward.objects.update(skipped_queue_at=timezone.now())

    check("/channel/", "/channel/disconnect")
    ChannelReward.objects.update(state=ChannelReward.State.DELETED)
    Authorization.objects.update(refused_since=timezone.now())
    check("/channel/")


def test_pages_of_a_link_ticket_are_accessible(
    page: "Page", check: Check, live_server: Any
) -> None:
    made = make_link_ticket(
        player=make_player(name="Hero"),
        origin=LinkTicket.Origin.GAME,
        details=[("Level", "42")],
        now=timezone.now(),
    )

    check("/link/code")
    page.get_by_label("Code").fill("2222-2222")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_selector(".fault")
    found = find_violations(page)
    check("/link/t/unknown", status=410)
    check(f"/link/t/{made.token}")
    page.get_by_role("button", name="Yes, this is my account").click()
    check("/link/")
    check("/link/unlink", status=403)
    be_player(page, make_player(name="Nova"))
    page.goto(live_server.url + "/link/")
    page.get_by_text("On a phone?").click()
    page.get_by_role("button", name="Continue on another device").click()
    page.wait_for_selector(".qr")

    assert found + find_violations(page) == []


def test_question_before_a_link_is_accessible(page: "Page", check: Check) -> None:
    player = make_player(name="Nova")
    be_player(page, player)
    now = timezone.now()
    hold_link(
        player=player,
        platform="kick",
        session_key=session_of(page).session_key,
        user=PlatformUser("4711", "nova_live"),
        authorization=NewAuthorization(new_tokens("refresh"), checked_at=now),
        now=now,
    )

    check("/link/kick/confirm")


def test_local_game_server_is_accessible(page: "Page", tmp_path: Any) -> None:
    game = Game(tmp_path / "game.sqlite3")
    game.remember([{**ITEM, "id": "a:cape"}, {**ITEM, "id": "a:blade", "sku": "blade-nova"}])
    game.finish({"a:cape": "fulfilled", "a:blade": "fulfilled"})
    drops = Drops("http://127.0.0.1:1", "key")
    server = GameServer(("127.0.0.1", 0), Handler, drops=drops, game=game, secret="whsec_AAAA")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
    page.get_by_text("blade-nova").first.wait_for()

    assert find_violations(page) == []
    server.shutdown()
    server.server_close()


def test_ends_without_a_link_are_accessible(page: "Page", check: Check) -> None:
    player = make_player(name="Nova")
    be_player(page, player)
    declined, unreachable, nonsense = (set_out(page, player)[0] for _ in range(3))

    check("/link/kick/callback?state=unknown", status=400)
    check(f"/link/kick/callback?state={declined}&error=access_denied")
    check(f"/link/kick/callback?state={unreachable}&error=server_error", status=503)
    check(f"/link/kick/callback?state={nonsense}&error=what", status=502)
    check("/nowhere", status=404)


@pytest.mark.parametrize("is_player_linked", [False, True])
def test_refused_links_are_accessible(
    page: "Page",
    check: Check,
    api: Any,
    local_kick: LocalKick,
    settings: Any,
    is_player_linked: bool,
) -> None:
    local_kick.register_app(redirect_uris=[settings.KICK_REDIRECT_URI])
    user_id = local_kick.make_viewer("nova_live")
    player = make_player(name="Nova")
    if is_player_linked:
        make_account(player=player, name="nova_before")
    else:
        make_account(player=make_player(), user_id=str(user_id), name="nova_live")
    be_player(page, player)
    state, verifier = set_out(page, player)

    address = local_kick.authorize(
        user_id=user_id,
        redirect_uri=settings.KICK_REDIRECT_URI,
        state=state,
        code_challenge=challenge_of(verifier),
    )

    check(address.removeprefix(settings.PUBLIC_URL), status=409)


def be_player(page: "Page", player: Player) -> None:
    session = session_of(page)
    session.pop(TICKET_KEY, None)
    session[PLAYER_KEY] = player.pk
    session.save()


def set_out(page: "Page", player: Player) -> tuple[str, str]:
    """The state and the verifier of a trip to Kick that begins in this browser."""
    verifier = new_verifier()
    state = begin_link_attempt(
        platform="kick",
        player=player,
        session_key=session_of(page).session_key,
        verifier=verifier,
        now=timezone.now(),
    )
    return state, verifier


def session_of(page: "Page") -> Any:
    name = django_settings.SESSION_COOKIE_NAME
    key = next(c["value"] for c in page.context.cookies() if c["name"] == name)
    return import_module(django_settings.SESSION_ENGINE).SessionStore(session_key=key)


# --- Light and dark ----------------------------------------------------------------------------

NIGHT, DAY = "rgb(14, 19, 38)", "rgb(255, 255, 255)"


@pytest.mark.parametrize(
    ("machine", "chosen", "expected"),
    [
        ("light", "auto", DAY),
        ("dark", "auto", NIGHT),
        ("dark", "light", DAY),
        ("light", "dark", NIGHT),
    ],
)
def test_colours_follow_the_machine_unless_staff_choose(
    page: "Page", live_server: Any, machine: Any, chosen: str, expected: str
) -> None:
    page.emulate_media(color_scheme=machine)
    page.goto(live_server.url + "/admin/")

    for _ in range(3):  # the button goes round
        if page.evaluate("document.documentElement.dataset.theme") == chosen:
            break
        page.locator(".theme-toggle").first.click()

    assert page.evaluate("document.documentElement.dataset.theme") == chosen
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == expected
