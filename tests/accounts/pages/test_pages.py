"""The trip from the game account by Kick to the hub, over real HTTP to the local Kick."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Authorization, Deauthorization, LinkAttempt, LinkEvent, PlatformAccount
from accounts.tokens import decrypt
from core.logs import JsonFormatter
from core.slots import OUTSIDE_CALLS, Busy
from platforms.kick.client import get_kick
from tests.accounts.visitor import Visitor, query_of
from tests.local_kick_process import LocalKick

pytestmark = pytest.mark.django_db

NewVisitor = Callable[[str], Visitor]


def test_hub_without_login_asks_for_the_game_account_first(client: Client) -> None:
    response = client.get("/link/")

    assert response.status_code == 200
    assert 'href="/link/login"' in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_root_and_link_lead_to_the_hub(client: Client) -> None:
    addresses = [client.get(path)["Location"] for path in ("/", "/link")]

    assert addresses == ["/link/", "/link/"]


def test_hub_after_login_shows_which_account_it_is(nova: Visitor) -> None:
    page = nova.hub()

    assert "Is this the right account?" in page
    assert "Nova" in page


def test_link_shows_both_accounts(nova: Visitor) -> None:
    response = nova.link("nova_live")
    page = nova.hub()

    assert (response.status_code, response["Location"]) == (302, "/link/")
    assert "Linked. You’re all set." in page
    assert "nova_live" in page
    assert "Linked. You’re all set." not in nova.hub()


def test_link_keeps_the_refresh_token_encrypted(nova: Visitor) -> None:
    nova.link("nova_live")

    authorization = Authorization.objects.get()
    token = decrypt(authorization.encrypted_refresh_token)
    assert get_kick().oauth.refresh(token).refresh_token != token
    assert authorization.scope == "user:read"


def test_link_already_to_the_same_replaces_the_token(nova: Visitor) -> None:
    nova.link("nova_live")
    before = decrypt(Authorization.objects.get().encrypted_refresh_token)

    response = nova.link("nova_live")

    assert response["Location"] == "/link/"
    assert "were already linked" in nova.hub()
    assert decrypt(Authorization.objects.get().encrypted_refresh_token) != before
    kinds = list(LinkEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["LINKED", "RENEWED"]
    assert not Deauthorization.objects.exists()


def test_link_of_a_account_of_another_player_is_refused(
    nova: Visitor, new_visitor: NewVisitor
) -> None:
    nova.link("nova_live")
    kestrel = new_visitor("Kestrel")

    response = kestrel.link("nova_live")

    assert response.status_code == 409
    assert "Kick account is linked to another game account" in response.content.decode()
    assert PlatformAccount.objects.get().player == nova.player
    # Revoking the fresh grant might end Nova's: it is forgotten instead.
    assert not Deauthorization.objects.exists()


def test_taken_account_says_which_game_account_and_what_support_needs(
    nova: Visitor, new_visitor: NewVisitor
) -> None:
    new_visitor("Kestrel").link("shared")

    page = nova.link("shared").content.decode()

    assert "K…l" in page
    assert "Kestrel" not in page
    assert f"Kick user ID <bdi>{PlatformAccount.objects.get().user_id}</bdi>" in page


def test_link_of_a_second_account_offers_to_replace(nova: Visitor) -> None:
    nova.link("nova_live")

    response = nova.link("second_screen")

    page = response.content.decode()
    assert response.status_code == 409
    assert "Your game account is linked to another Kick account" in page
    assert 'name="then" value="connect"' in page
    # Nobody here is linked to it, so Kick shall end what was just granted.
    assert Deauthorization.objects.get().account.name == "second_screen"


def test_replace_unlinks_then_links(nova: Visitor) -> None:
    nova.link("nova_live")
    second = nova.kick.make_viewer("second_screen")
    nova.link("second_screen")

    to_kick = nova.client.post("/link/unlink", {"then": "connect"})
    nova.come_back(nova.say_yes(query_of(to_kick["Location"]), user_id=second))

    assert PlatformAccount.objects.get(player=nova.player).name == "second_screen"
    outcomes = dict(Deauthorization.objects.values_list("account__name", "outcome"))
    assert outcomes == {"nova_live": "PENDING", "second_screen": "OVERTAKEN"}


def test_declined_has_its_page(nova: Visitor) -> None:
    query = nova.leave_for_kick()

    response = nova.come_back_with(error="access_denied", state=query["state"])

    assert response.status_code == 200
    assert "You didn’t allow access" in response.content.decode()
    assert not LinkAttempt.objects.exists()


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
def test_kick_down_at_consent_has_the_page_of_kick_unreachable(nova: Visitor, error: str) -> None:
    query = nova.leave_for_kick()

    response = nova.come_back_with(error=error, state=query["state"])

    assert response.status_code == 503


def test_end_of_a_trip_stays_after_a_reload(nova: Visitor) -> None:
    query = nova.leave_for_kick()
    first = nova.client.get(
        "/link/kick/callback", {"error": "access_denied", "state": query["state"]}
    )

    pages = [nova.client.get(first["Location"]).content.decode() for _ in range(2)]

    assert (first.status_code, first["Location"]) == (302, "/link/kick/ended")
    assert all("You didn’t allow access on Kick." in page for page in pages)


def test_end_of_a_trip_is_forgotten_with_the_next(nova: Visitor) -> None:
    nova.come_back_with(error="access_denied")

    nova.link("nova_live")

    assert nova.client.get("/link/kick/ended")["Location"] == "/link/"


@pytest.mark.parametrize("query", [{}, {"error": "invalid_scope"}, {"code": ""}])
def test_return_without_a_code_is_nonsense(nova: Visitor, query: dict[str, str]) -> None:
    state = nova.leave_for_kick()["state"]

    response = nova.come_back_with(state=state, **query)

    assert response.status_code == 502
    assert "sent an unexpected response" in response.content.decode()


@pytest.mark.parametrize("state", ["", "forged", "\0", "ü" * 3000])
def test_forged_state_is_refused(nova: Visitor, state: str) -> None:
    nova.leave_for_kick()

    response = nova.come_back_with(code="a-code", state=state)

    assert response.status_code == 400
    assert "has expired" in response.content.decode()


def test_state_serves_once(nova: Visitor) -> None:
    user_id = nova.kick.make_viewer("nova_live")
    address = nova.say_yes(nova.leave_for_kick(), user_id=user_id)
    nova.come_back(address)

    response = nova.come_back(address)

    assert response.status_code == 400
    assert PlatformAccount.objects.get().player == nova.player


def test_state_expires(nova: Visitor) -> None:
    user_id = nova.kick.make_viewer("nova_live")
    address = nova.say_yes(nova.leave_for_kick(), user_id=user_id)
    attempt = LinkAttempt.objects.get()
    LinkAttempt.objects.update(expires_at=attempt.expires_at - timedelta(minutes=10))

    response = nova.come_back(address)

    assert response.status_code == 400
    assert not PlatformAccount.objects.exists()


def test_state_of_another_session_is_refused(nova: Visitor, new_visitor: NewVisitor) -> None:
    other_browser = new_visitor("Nova")
    user_id = nova.kick.make_viewer("nova_live")
    address = nova.say_yes(nova.leave_for_kick(), user_id=user_id)

    response = other_browser.come_back(address)

    assert response.status_code == 400
    # It is still good in the browser that it belongs to.
    assert nova.come_back(address).status_code == 302


def test_state_of_another_player_in_the_same_browser_is_refused(nova: Visitor) -> None:
    user_id = nova.kick.make_viewer("nova_live")
    address = nova.say_yes(nova.leave_for_kick(), user_id=user_id)
    nova.log_in("Kestrel")

    response = nova.come_back(address)

    assert response.status_code == 409
    assert "You’re now logged in as <strong><bdi>Kestrel</bdi>" in response.content.decode()
    assert not PlatformAccount.objects.exists()


def test_callback_without_login_offers_to_log_in(kick: LocalKick, client: Client) -> None:
    response = client.get(
        "/link/kick/callback", {"code": "a-code", "state": "a-state"}, follow=True
    )

    assert not client.cookies.get("sessionid")
    assert response.status_code == 400
    assert "Log in and try again" in response.content.decode()


def test_code_that_kick_refuses_has_expired(nova: Visitor) -> None:
    state = nova.leave_for_kick()["state"]

    response = nova.come_back_with(code="not-one-of-kicks", state=state)

    assert response.status_code == 400


@pytest.mark.parametrize("path", ["/oauth/token", "/public/v1/users"])
@pytest.mark.parametrize(
    ("fault", "status", "sentence"),
    [
        ({"status": 500}, 503, "Kick isn’t responding"),
        ({"truncate": True}, 502, "sent an unexpected response"),
    ],
)
def test_fault_of_kick_has_its_page(
    nova: Visitor, path: str, fault: dict[str, object], status: int, sentence: str
) -> None:
    user_id = nova.kick.make_viewer("nova_live")
    address = nova.say_yes(nova.leave_for_kick(), user_id=user_id)
    nova.kick.set_faults(api={"path_prefix": path, **fault})

    response = nova.come_back(address)

    assert response.status_code == status
    assert sentence in response.content.decode()
    assert not PlatformAccount.objects.exists()


def test_kick_unreachable_has_its_page(nova: Visitor, settings: Settings) -> None:
    state = nova.leave_for_kick()["state"]
    settings.KICK_ID_URL = "http://127.0.0.1:9"

    response = nova.come_back_with(code="a-code", state=state)

    assert response.status_code == 503
    assert "Try again" in response.content.decode()


def test_unlink_asks_first(nova: Visitor) -> None:
    nova.link("nova_live")

    response = nova.client.get("/link/unlink")

    assert "Unlink your accounts?" in response.content.decode()
    assert PlatformAccount.objects.get().player == nova.player


def test_unlink_leaves_a_revocation(nova: Visitor) -> None:
    nova.link("nova_live")

    response = nova.client.post("/link/unlink")

    assert response["Location"] == "/link/"
    assert "Unlinked." in nova.hub()
    assert PlatformAccount.objects.get().player is None
    assert Deauthorization.objects.get().outcome == "PENDING"
    assert not Authorization.objects.exists()


def test_unlink_twice_does_it_once(nova: Visitor) -> None:
    nova.link("nova_live")
    nova.client.post("/link/unlink")

    response = nova.client.post("/link/unlink")

    assert response["Location"] == "/link/"
    assert Deauthorization.objects.count() == 1


@pytest.mark.parametrize("path", ["/link/kick", "/link/unlink"])
def test_post_without_login_leads_to_the_hub(client: Client, path: str) -> None:
    response = client.post(path)

    assert (response.status_code, response["Location"]) == (302, "/link/")


@pytest.mark.parametrize("path", ["/link/kick", "/link/unlink", "/link/logout"])
def test_post_needs_a_csrf_token(nova: Visitor, path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = nova.client.cookies

    response = strict.post(path)

    assert response.status_code == 403
    assert "open for too long" in response.content.decode()


def test_authorize_address_has_pkce_and_the_registered_redirect(
    nova: Visitor, settings: Settings
) -> None:
    query = nova.leave_for_kick()

    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == settings.KICK_REDIRECT_URI
    assert query["scope"] == "user:read"


def test_failure_page_keeps_code_and_state_to_itself(nova: Visitor) -> None:
    response = nova.come_back_with(code="secret-code", state="secret-state")

    page = response.content.decode()
    assert "secret-" not in page
    assert response["Referrer-Policy"] == "strict-origin"


def test_logs_hold_no_code_state_or_token(nova: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    user_id = nova.kick.make_viewer("nova_live")
    query = nova.leave_for_kick()
    address = nova.say_yes(query, user_id=user_id)
    nova.come_back(address)
    nova.come_back(address)

    logged = "\n".join(map(JsonFormatter().format, caplog.records))

    token = decrypt(Authorization.objects.get().encrypted_refresh_token)
    code = address.split("code=")[1].split("&")[0]
    assert '"outcome": "new"' in logged
    assert not [secret for secret in (token, code, query["state"]) if secret in logged]


def test_names_are_escaped_and_isolated(new_visitor: NewVisitor) -> None:
    visitor = new_visitor("<script>alert(1)</script>")

    page = visitor.hub()

    assert "<script>alert" not in page
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>" in page


def test_pages_that_call_outside_take_turns(nova: Visitor) -> None:
    query = nova.leave_for_kick()
    address = nova.say_yes(query, user_id=nova.kick.make_viewer("nova_live"))

    with ExitStack() as all_slots:
        while True:
            try:
                all_slots.enter_context(OUTSIDE_CALLS.taken())
            except Busy:
                break
        busy = nova.come_back(address)

    assert (busy.status_code, busy["Refresh"]) == (503, "2")
    assert "One moment, please." in busy.content.decode()
    # The page loads again by itself, and the code is still good.
    assert nova.come_back(address).status_code == 302
    assert "Your accounts are linked" in nova.hub() or "Linked" in nova.hub()


def test_drops_fragment_is_the_players_list(nova: Visitor, client: Client) -> None:
    nova.link("nova_live")

    fragment = nova.client.get("/link/drops")

    assert "No drops yet." in fragment.content.decode()
    assert "<html" not in fragment.content.decode()
    assert "no-store" in fragment["Cache-Control"]
    assert client.get("/link/drops").status_code == 204
    assert not client.cookies


def test_waiting_time_is_stated_and_its_end_is_named(nova: Visitor, settings: Settings) -> None:
    settings.RELINK_COOLDOWN_DAYS = 7
    assert "only 7 days afterwards" in nova.hub()
    nova.link("first_account")
    LinkEvent.objects.update(at=F("at") - timedelta(days=30))
    assert "only after 7 days" in nova.client.get("/link/unlink").content.decode()
    nova.client.post("/link/unlink")

    refused = nova.link("second_account")

    page = refused.content.decode()
    assert refused.status_code == 409
    assert "You can’t link this Kick account yet." in page
    assert "You can link them from" in page
    assert PlatformAccount.objects.filter(player=nova.player).count() == 0
    nova.link("first_account")
    assert "first_account" in nova.hub()
