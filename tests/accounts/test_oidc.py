"""The OpenID Connect login against a real issuer over a socket."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.game_logins import get_game_login
from accounts.game_logins.oidc import OidcLogin
from accounts.models import Player
from core.logs import JsonFormatter
from tests.accounts.issuer import (
    CLIENT_ID,
    CLIENT_SECRET,
    Claims,
    Issuer,
    new_key,
    running_issuer,
    signed_by_somebody_else,
    signed_with_the_public_key_as_hmac,
    unsigned,
)
from tests.accounts.visitor import query_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def issuer(settings: Settings) -> Iterator[Issuer]:
    with running_issuer() as running:
        settings.GAME_LOGIN = "accounts.game_logins.oidc.OidcLogin"
        settings.OIDC_ISSUER = running.url
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
        yield running


def log_in(client: Client, issuer: Issuer) -> Any:
    to_issuer = client.get("/link/login")
    return client.get("/link/login/callback", issuer.consent(to_issuer["Location"]))


def assert_refused(response: Any, status: int, sentence: str) -> None:
    page = response.content.decode()
    assert response.status_code == status
    assert sentence in page
    assert 'href="/link/login"' in page
    assert not Player.objects.exists()


def test_login_ends_at_the_hub(client: Client, issuer: Issuer) -> None:
    response = log_in(client, issuer)

    player = Player.objects.get()
    assert (response.status_code, response["Location"]) == (302, "/link/")
    assert (player.game_account_id, player.name) == ("acct-7", "Nova")
    assert client.session["player_id"] == player.pk


def test_login_asks_with_pkce_nonce_and_state(client: Client, issuer: Issuer) -> None:
    query = query_of(client.get("/link/login")["Location"])

    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == "http://localhost:8000/link/login/callback"
    assert min(len(query[name]) for name in ("code_challenge", "nonce", "state")) >= 20


def test_logs_hold_no_verifier_nonce_or_code(
    client: Client, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    to_issuer = client.get("/link/login")["Location"]
    state = next(value for key, value in client.session.items() if key.startswith("_state_"))
    answer = issuer.consent(to_issuer)
    client.get("/link/login/callback", answer)

    logged = "\n".join(map(JsonFormatter().format, caplog.records))

    secrets = (state["data"]["code_verifier"], state["data"]["nonce"], answer["code"])
    assert "/token" in logged
    assert not [secret for secret in secrets if secret in logged]


def test_login_leaves_nothing_of_itself_in_the_session(client: Client, issuer: Issuer) -> None:
    log_in(client, issuer)

    assert set(client.session.keys()) == {"player_id", "_session_expiry"}


@pytest.mark.parametrize(
    ("claim", "value", "account_id"),
    [("sub", "x" * 128, "x" * 128), ("game_id", 12345, "12345"), ("game_id", "a/b?c", "a/b?c")],
)
def test_account_claim_may_be_chosen(
    client: Client, issuer: Issuer, settings: Settings, claim: str, value: object, account_id: str
) -> None:
    settings.OIDC_ACCOUNT_CLAIM = claim
    issuer.account[claim] = value

    log_in(client, issuer)

    assert Player.objects.get().game_account_id == account_id


@pytest.mark.parametrize("value", [True, 1.5, None, "", ["a"], {"a": 1}])
def test_account_claim_of_another_type_is_refused(
    client: Client, issuer: Issuer, settings: Settings, value: object
) -> None:
    settings.OIDC_ACCOUNT_CLAIM = "game_id"
    issuer.account["game_id"] = value

    response = log_in(client, issuer)

    assert_refused(response, 502, "didn’t say which account is yours")


def test_account_claim_that_is_missing_is_refused(
    client: Client, issuer: Issuer, settings: Settings
) -> None:
    settings.OIDC_ACCOUNT_CLAIM = "game_id"

    response = log_in(client, issuer)

    assert_refused(response, 502, "didn’t say which account is yours")


@pytest.mark.parametrize("value", ["x" * 129, 10**128, "a\0b"])
def test_account_claim_that_cannot_be_an_id_is_refused_not_cut(
    client: Client, issuer: Issuer, settings: Settings, value: object
) -> None:
    settings.OIDC_ACCOUNT_CLAIM = "game_id"
    issuer.account["game_id"] = value

    response = log_in(client, issuer)

    assert_refused(response, 400, "an account ID that can’t be used here")


@pytest.mark.parametrize("value", [None, 7, ["Nova"]])
def test_name_claim_is_optional(client: Client, issuer: Issuer, value: object) -> None:
    issuer.account["name"] = value

    log_in(client, issuer)

    assert Player.objects.get().name == ""


def drop(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda claims: claims | {"nonce": "another"}, id="wrong nonce"),
        pytest.param(drop("nonce"), id="no nonce"),
        pytest.param(lambda claims: claims | {"aud": "another-game"}, id="wrong audience"),
        pytest.param(
            lambda claims: claims | {"aud": "another-game", "azp": CLIENT_ID},
            id="wrong audience, dressed up",
        ),
        pytest.param(drop("aud"), id="no audience"),
        pytest.param(lambda claims: claims | {"iss": "http://evil.test"}, id="wrong issuer"),
        pytest.param(lambda claims: claims | {"exp": int(time.time()) - 120}, id="expired"),
        pytest.param(drop("exp"), id="no expiry"),
        pytest.param(lambda claims: claims | {"iat": int(time.time()) + 600}, id="from the future"),
    ],
)
def test_id_token_that_is_not_for_us_is_refused(
    client: Client, issuer: Issuer, alter: Callable[[Claims], Claims]
) -> None:
    issuer.alter_claims = alter

    response = log_in(client, issuer)

    assert_refused(response, 502, "couldn’t verify the response")


@pytest.mark.parametrize(
    "sign",
    [
        signed_by_somebody_else,
        unsigned,
        signed_with_the_public_key_as_hmac,
        lambda _issuer, _claims: "not.a.token",
        lambda _issuer, _claims: "",
    ],
)
@pytest.mark.parametrize("algorithms", [["RS256"], ["RS256", "HS256", "none"], ["none"], []])
def test_id_token_that_the_issuer_did_not_sign_is_refused(
    client: Client, issuer: Issuer, sign: Any, algorithms: list[str]
) -> None:
    issuer.sign = sign
    issuer.alter_metadata = lambda metadata: (
        metadata | {"id_token_signing_alg_values_supported": algorithms}
    )

    response = log_in(client, issuer)

    assert_refused(response, 502, "couldn’t verify the response")


def test_new_key_of_a_new_name_heals_at_once(client: Client, issuer: Issuer) -> None:
    log_in(client, issuer)
    issuer.key = new_key("key-2")

    response = log_in(client, issuer)

    assert response.status_code == 302


def test_new_key_of_the_old_name_heals_by_the_next_login(client: Client, issuer: Issuer) -> None:
    log_in(client, issuer)
    issuer.key = new_key("key-1")
    log_in(client, issuer)
    Player.objects.all().delete()

    response = log_in(client, issuer)

    assert response.status_code == 302
    assert Player.objects.exists()


def test_code_whose_challenge_is_another_verifiers_is_refused(
    client: Client, issuer: Issuer
) -> None:
    answer = issuer.consent(client.get("/link/login")["Location"])
    issuer.codes[answer["code"]]["code_challenge"] = "of-another-verifier"

    response = client.get("/link/login/callback", answer)

    assert_refused(response, 502, "didn’t finish")


def test_declined_login(client: Client, issuer: Issuer) -> None:
    state = query_of(client.get("/link/login")["Location"])["state"]

    response = client.get("/link/login/callback", {"error": "access_denied", "state": state})

    assert_refused(response, 403, "You cancelled the login")


@pytest.mark.parametrize("query", [{}, {"code": "c"}, {"code": "c", "state": "forged"}])
def test_callback_with_a_forged_state(client: Client, issuer: Issuer, query: Any) -> None:
    client.get("/link/login")

    response = client.get("/link/login/callback", query)

    assert_refused(response, 400, "has expired")


def test_callback_of_another_session(client: Client, issuer: Issuer) -> None:
    answer = issuer.consent(client.get("/link/login")["Location"])

    response = Client().get("/link/login/callback", answer)

    assert_refused(response, 400, "has expired")


def test_callback_serves_once(client: Client, issuer: Issuer) -> None:
    answer = issuer.consent(client.get("/link/login")["Location"])
    client.get("/link/login/callback", answer)
    Player.objects.all().delete()

    response = client.get("/link/login/callback", answer)

    assert_refused(response, 400, "has expired")


def test_issuer_down_at_the_start(client: Client, settings: Settings, issuer: Issuer) -> None:
    settings.OIDC_ISSUER = "http://127.0.0.1:9"

    response = client.get("/link/login")

    assert_refused(response, 503, "can’t be reached")


@pytest.mark.parametrize(
    ("answer", "status"),
    [((500, b"{}"), 503), ((200, b"<html>"), 502), ((200, b"[]"), 502), ((200, b"{}"), 502)],
)
def test_issuer_that_fails_at_the_end(
    client: Client, issuer: Issuer, answer: tuple[int, bytes], status: int
) -> None:
    issuer.token_error = answer

    response = log_in(client, issuer)

    assert_refused(response, status, "og in" if status == 502 else "reached")


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "http://evil.test"},
        {"issuer": None},
        {"authorization_endpoint": None},
    ],
)
def test_discovery_that_is_not_the_issuers_is_refused(
    client: Client, issuer: Issuer, metadata: Claims
) -> None:
    issuer.alter_metadata = lambda good: good | metadata

    response = client.get("/link/login")

    assert_refused(response, 502, "couldn’t verify the response")


@pytest.mark.parametrize("missing", ["jwks_uri", "token_endpoint"])
def test_discovery_with_something_missing_is_refused(
    client: Client, issuer: Issuer, missing: str
) -> None:
    issuer.alter_metadata = drop(missing)

    response = log_in(client, issuer)

    assert_refused(response, 502, "couldn’t verify the response")


@pytest.mark.parametrize(
    ("setting", "value"), [("OIDC_ISSUER", ""), ("OIDC_CLIENT_ID", ""), ("OIDC_SCOPE", "profile")]
)
def test_oidc_login_without_its_settings_names_them(
    settings: Settings, issuer: Issuer, setting: str, value: str
) -> None:
    setattr(settings, setting, value)

    with pytest.raises(ImproperlyConfigured, match=setting):
        OidcLogin()


def test_discovery_and_keys_are_fetched_once(client: Client, issuer: Issuer) -> None:
    for _ in range(3):
        log_in(client, issuer)

    assert issuer.requests.count("/.well-known/openid-configuration") == 1
    assert issuer.requests.count("/jwks") == 1
    assert isinstance(get_game_login(), OidcLogin)
