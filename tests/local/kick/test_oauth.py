import pytest
import requests

from tests.local.kick.world import REDIRECT_URI, VERIFIER, World
from tests.local_kick_process import ControlError


def authorize(world: World, **changes: str) -> requests.Response:
    query = world.authorize_query(**changes)
    return world.call("GET", "/oauth/authorize", params=query, allow_redirects=False)


def is_alive(world: World, access_token: str) -> bool:
    answer = world.call("POST", "/oauth/token/introspect", token=access_token)
    return bool(answer.json()["data"]["active"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_id": "nobody"}, "client_id"),
        ({"response_type": "token"}, "response_type"),
        ({"redirect_uri": REDIRECT_URI + "/"}, "redirect_uri"),
        ({"redirect_uri": ""}, "redirect_uri"),
        ({"state": ""}, "state"),
        ({"scope": "user:everything"}, "scope"),
        ({"scope": ""}, "scope"),
        ({"code_challenge": "too-short"}, "code_challenge"),
        ({"code_challenge_method": "plain"}, "PKCE"),
    ],
)
def test_authorize_bad_parameter(world: World, changes: dict[str, str], reason: str) -> None:
    """As on Kick: a redirect to a page that doesn't exist."""
    response = authorize(world, **changes)
    page = world.call("GET", response.headers["Location"])

    assert (response.status_code, page.status_code) == (307, 404)
    assert reason in response.headers["Local-Kick-Reason"]


def test_authorize_rewrites_the_first_loopback_address(world: World) -> None:
    uri = "http://127.0.0.1:9/callback"
    world.kick.register_app(redirect_uris=[uri])

    plain = authorize(world, redirect_uri=uri)
    query = {"redirect": "127.0.0.1", **world.authorize_query(redirect_uri=uri)}
    sacrificed = world.call("GET", "/oauth/authorize", params=query)

    assert plain.status_code == 307
    assert sacrificed.status_code == 200


def test_exchange_good_code(world: World) -> None:
    tokens = world.exchange(world.new_code())

    assert tokens.status_code == 200
    assert tokens.headers["Cache-Control"] == "no-store"
    assert set(tokens.json()) == {
        "access_token", "token_type", "refresh_token", "expires_in", "scope"
    }  # fmt: skip
    assert tokens.json()["expires_in"] == 7200
    assert tokens.json()["scope"] == "user:read"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code": "made-up"}, 400, "invalid_grant"),
        ({"redirect_uri": REDIRECT_URI + "?x"}, 400, "invalid_grant"),
        ({"code_verifier": VERIFIER + "1"}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_request"),
        ({"client_secret": "guess"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_exchange_refused(world: World, changes: dict[str, str], status: int, error: str) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": world.new_code(),
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }

    response = world.post_token(**{**form, **changes})

    assert response.status_code == status
    assert response.json()["error"] == error


def test_exchange_code_of_another_app(world: World) -> None:
    world.kick.register_app(client_id="other", client_secret="other", organization=None)

    response = world.exchange(world.new_code(), client_id="other", client_secret="other")

    assert response.json()["error"] == "invalid_grant"


def test_exchange_expired_code(world: World) -> None:
    code = world.new_code()
    world.kick.advance_clock(seconds=301)

    response = world.exchange(code)

    assert response.json()["error"] == "invalid_grant"
    assert "expired" in response.json()["error_description"]


def test_exchange_twice_kills_the_first_tokens(world: World) -> None:
    code = world.new_code()
    first = world.exchange(code).json()
    renewed = world.refresh(first["refresh_token"]).json()

    second = world.exchange(code)

    assert second.json()["error"] == "invalid_grant"
    assert not is_alive(world, first["access_token"])
    assert not is_alive(world, renewed["access_token"])
    assert world.refresh(renewed["refresh_token"]).json()["error"] == "invalid_grant"


def test_token_wants_a_form(world: World) -> None:
    body = {"grant_type": "client_credentials", **world.client}

    response = requests.post(f"{world.kick.url}/oauth/token", json=body, timeout=9)

    assert response.json()["error"] == "invalid_request"


def test_refresh_rotates(world: World) -> None:
    first = world.user_tokens()

    second = world.refresh(first["refresh_token"])
    again = world.refresh(first["refresh_token"])

    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert again.json()["error"] == "invalid_grant"
    assert "used or revoked" in again.json()["error_description"]


def test_revoked_refresh_token_ends_the_grant(world: World) -> None:
    tokens = world.user_tokens()
    query = {"token": tokens["refresh_token"], "token_hint_type": "refresh_token"}

    response = world.call("POST", "/oauth/revoke", params=query)

    assert (response.status_code, response.text) == (200, "OK")
    assert not is_alive(world, tokens["access_token"])
    assert world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert world.kick.dump()["grants"][0]["revoked_at"]


def test_revoked_access_token_leaves_the_grant(world: World) -> None:
    tokens = world.user_tokens()

    world.call("POST", "/oauth/revoke", params={"token": tokens["access_token"]})

    assert not is_alive(world, tokens["access_token"])
    assert world.refresh(tokens["refresh_token"]).status_code == 200


def test_revoke_unknown_token(world: World) -> None:
    response = world.call("POST", "/oauth/revoke", params={"token": "made-up"})

    assert response.status_code == 200


def test_introspect_both_kinds(world: World) -> None:
    user = world.call("POST", "/oauth/token/introspect", token=world.user_tokens()["access_token"])
    app = world.call("POST", "/oauth/token/introspect", token=world.app_token())

    assert user.json()["message"] == "OK"
    assert user.json()["data"]["token_type"] == "user"
    assert user.json()["data"]["scope"] == "user:read"
    assert app.json()["data"]["token_type"] == "app"
    assert app.json()["data"]["client_id"] == "app"


def test_access_token_expires(world: World) -> None:
    access_token = world.user_tokens()["access_token"]

    world.kick.advance_clock(seconds=7200)

    assert not is_alive(world, access_token)
    assert world.call("GET", "/public/v1/users", token=access_token).status_code == 401


def test_disconnect_kills_the_grant_until_the_next_consent(world: World) -> None:
    tokens = world.user_tokens()

    world.kick.disconnect(user_id=world.user_id)

    assert world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert world.exchange(world.new_code()).status_code == 200
    assert world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_control_authorize_checks_like_the_page(world: World) -> None:
    with pytest.raises(ControlError, match="redirect_uri"):
        world.kick.authorize(
            user_id=world.user_id, redirect_uri="http://evil", state="s", code_challenge="x" * 43
        )
