from urllib.parse import parse_qs, urlsplit

import pytest

from platforms.kick.protocol.errors import (
    KickError,
    KickMalformed,
    KickRejected,
    KickUnauthorized,
    KickUnavailable,
)
from platforms.kick.protocol.http import new_http
from platforms.kick.protocol.oauth import (
    Introspection,
    OAuthClient,
    Tokens,
    authorize_url,
    challenge_of,
    new_verifier,
)
from tests.platforms.kick.protocol.scripted_server import ScriptedServer, hang_up, reply

SECRET = "the-client-secret"
ANSWER = {
    "access_token": "an-access-token",
    "token_type": "Bearer",
    "refresh_token": "a-refresh-token",
    "expires_in": 7200,
    "scope": "user:read",
}


@pytest.fixture
def client(server: ScriptedServer) -> OAuthClient:
    return OAuthClient(
        id_url=f"{server.url}/", client_id="app", client_secret=SECRET, http=new_http()
    )


def exchange(client: OAuthClient) -> Tokens:
    return client.exchange_code(code="code", redirect_uri="https://us/callback", verifier="v" * 43)


def test_challenge_of_the_example_in_rfc_7636() -> None:
    challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_new_verifier_is_fresh_and_of_allowed_length() -> None:
    verifiers = {new_verifier() for _ in range(10)}

    assert len(verifiers) == 10
    assert all(43 <= len(verifier) <= 128 for verifier in verifiers)


def url_with(redirect_uri: str) -> str:
    return authorize_url(
        id_url="https://id.kick.com/",
        client_id="app",
        redirect_uri=redirect_uri,
        scope="user:read",
        state="a state&more",
        challenge="challenge",
    )


def test_authorize_url_has_what_kick_wants() -> None:
    url = urlsplit(url_with("https://drops.example/link/kick/callback"))

    assert url[:3] == ("https", "id.kick.com", "/oauth/authorize")
    assert parse_qs(url.query) == {
        "response_type": ["code"],
        "client_id": ["app"],
        "redirect_uri": ["https://drops.example/link/kick/callback"],
        "scope": ["user:read"],
        "code_challenge": ["challenge"],
        "code_challenge_method": ["S256"],
        "state": ["a state&more"],
    }


def test_authorize_url_survives_kicks_rewrite_of_127_0_0_1() -> None:
    redirect_uri = "http://127.0.0.1:8000/link/kick/callback"

    rewritten = url_with(redirect_uri).replace("127.0.0.1", "localhost", 1)

    assert parse_qs(urlsplit(rewritten).query)["redirect_uri"] == [redirect_uri]


def test_exchange_code_sends_secret_and_verifier(
    client: OAuthClient, server: ScriptedServer
) -> None:
    server.script(reply(200, ANSWER))

    tokens = exchange(client)

    assert tokens == Tokens("an-access-token", "a-refresh-token", 7200, "user:read", "Bearer")
    assert server.seen[0].path == "/oauth/token"
    assert server.seen[0].form == {
        "grant_type": "authorization_code",
        "client_id": "app",
        "client_secret": SECRET,
        "code": "code",
        "redirect_uri": "https://us/callback",
        "code_verifier": "v" * 43,
    }


def test_tokens_keep_their_secrets_out_of_their_repr() -> None:
    tokens = Tokens("an-access-token", "a-refresh-token", 7200, "user:read", "Bearer")

    assert repr(tokens) == "Tokens(expires_in=7200, scope='user:read', token_type='Bearer')"


def test_exchange_code_without_refresh_token(client: OAuthClient, server: ScriptedServer) -> None:
    server.script(reply(200, ANSWER | {"refresh_token": ""}))

    with pytest.raises(KickMalformed, match="no refresh token"):
        exchange(client)


def test_refresh_returns_the_new_refresh_token(client: OAuthClient, server: ScriptedServer) -> None:
    server.script(reply(200, ANSWER))

    tokens = client.refresh("the-old-one")

    assert tokens.refresh_token == "a-refresh-token"
    assert server.seen[0].form == {
        "grant_type": "refresh_token",
        "refresh_token": "the-old-one",
        "client_id": "app",
        "client_secret": SECRET,
    }


def test_refresh_without_a_new_one_keeps_the_old(
    client: OAuthClient, server: ScriptedServer
) -> None:
    server.script(reply(200, {"access_token": "a", "expires_in": 5}))

    assert client.refresh("the-old-one").refresh_token == "the-old-one"


def test_refresh_without_a_lifetime_keeps_the_rotated_token(
    client: OAuthClient, server: ScriptedServer
) -> None:
    server.script(reply(200, {"access_token": "a", "refresh_token": "rotated"}))

    tokens = client.refresh("the-old-one")

    assert (tokens.refresh_token, tokens.expires_in) == ("rotated", 3600)


def test_client_credentials(client: OAuthClient, server: ScriptedServer) -> None:
    server.script(reply(200, {"access_token": "app", "token_type": "Bearer", "expires_in": "60"}))

    tokens = client.client_credentials()

    assert tokens == Tokens("app", "", 60, "", "Bearer")
    assert server.seen[0].form["grant_type"] == "client_credentials"


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (7200, 7200),
        ("7200", 7200),
        ("7200.0", 7200),
        (7200.5, 7200),
        (0, 0),
        *((value, 3600) for value in (None, "", "soon", "1h", -1, "-1", True, [], "nan", "1e999")),
    ],
)
def test_expires_in_as_number_or_text(
    client: OAuthClient, server: ScriptedServer, expires_in: object, seconds: int
) -> None:
    server.script(reply(200, ANSWER | {"expires_in": expires_in}))

    assert exchange(client).expires_in == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Kick is being improved</html>",
        b'{"access_token": "a", ',
        [],
        {},
        ANSWER | {"access_token": ""},
        ANSWER | {"access_token": 5},
        ANSWER | {"access_token": "a\r\nX-Header: b"},
        ANSWER | {"refresh_token": {"a": 1}},
    ],
)
def test_tokens_that_kick_does_not_document(
    client: OAuthClient, server: ScriptedServer, body: object
) -> None:
    server.script(reply(200, body))

    with pytest.raises(KickMalformed) as failure:
        exchange(client)

    assert "token" not in str(failure.value).replace("valid token", "")


def test_a_dead_grant_is_told_apart(client: OAuthClient, server: ScriptedServer) -> None:
    server.script(reply(400, {"error": "invalid_grant", "error_description": "x"}))

    with pytest.raises(KickRejected) as refusal:
        client.refresh("dead")

    assert refusal.value.error == "invalid_grant"


def test_a_wrong_secret_is_told_apart(client: OAuthClient, server: ScriptedServer) -> None:
    server.script(reply(401, {"error": "invalid_client"}))

    with pytest.raises(KickUnauthorized) as refusal:
        client.refresh("fine")

    assert refusal.value.error == "invalid_client"
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "fault", [hang_up, reply(500), reply(429), reply(403, b"<html>Just a moment...</html>")]
)
def test_what_spends_a_grant_is_never_repeated(
    client: OAuthClient, server: ScriptedServer, fault: object
) -> None:
    server.script(fault)

    with pytest.raises(KickUnavailable):
        exchange(client)
    with pytest.raises(KickUnavailable):
        client.refresh("a-refresh-token")

    assert len(server.seen) == 2


def test_client_credentials_are_repeated(client: OAuthClient, server: ScriptedServer) -> None:
    server.script(hang_up, reply(200, ANSWER))

    assert client.client_credentials().access_token == "an-access-token"


def test_revoke_puts_the_token_in_the_query(client: OAuthClient, server: ScriptedServer) -> None:
    server.script(hang_up, reply(200, b"OK"))

    client.revoke(token="a-refresh-token", hint="refresh_token")

    assert [seen.path for seen in server.seen] == ["/oauth/revoke"] * 2
    assert server.seen[1].query == {"token": "a-refresh-token", "token_hint_type": "refresh_token"}


def test_introspect_an_active_token(client: OAuthClient, server: ScriptedServer) -> None:
    data = {"active": True, "client_id": "app", "token_type": "user", "scope": "user:read"}
    server.script(reply(200, {"data": data | {"exp": 1771046347}, "message": "OK"}))

    introspection = client.introspect("an-access-token")

    assert introspection == Introspection(True, "app", "user", "user:read", 1771046347)
    assert server.seen[0].path == "/oauth/token/introspect"
    assert server.seen[0].headers["Authorization"] == "Bearer an-access-token"


def test_introspect_a_dead_token(client: OAuthClient, server: ScriptedServer) -> None:
    server.script(reply(200, {"data": {"active": False}, "message": "OK"}))

    assert client.introspect("dead") == Introspection(False, "", "", "", None)


@pytest.mark.parametrize("data", [None, {}, {"active": "true"}])
def test_introspect_malformed(client: OAuthClient, server: ScriptedServer, data: object) -> None:
    server.script(reply(200, {"data": data}))

    with pytest.raises(KickMalformed):
        client.introspect("a")


def test_every_failure_is_of_one_family() -> None:
    members = (KickUnavailable, KickUnauthorized, KickRejected, KickMalformed)

    assert all(issubclass(member, KickError) for member in members)
