"""The client speaks with the local Kick as with Kick: each call once, over a real socket."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from platforms.kick.client import AppToken
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.errors import KickRejected, KickUnauthorized
from platforms.kick.protocol.http import new_http
from platforms.kick.protocol.oauth import OAuthClient, Tokens
from platforms.kick.protocol.signatures import read_delivery
from platforms.kick.public_keys import PublicKeys
from tests.local.kick.world import REDIRECT_URI, VERIFIER, World
from tests.local_kick_process import LocalKick, running_local_kick
from tests.platforms.kick.protocol.scripted_server import ScriptedServer, reply

NOW = datetime(2026, 6, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def local_kick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKick]:
    with running_local_kick(tmp_path_factory.mktemp("local-kick") / "kick.sqlite3") as running:
        yield running


@pytest.fixture
def world(local_kick: LocalKick, server: ScriptedServer) -> World:
    local_kick.reset()
    server.script(reply(200))
    return World.build(local_kick, webhook_url=f"{server.url}/webhooks/kick/drops")


@pytest.fixture
def oauth(world: World) -> OAuthClient:
    return OAuthClient(id_url=world.kick.url, http=new_http(), **world.client)


@pytest.fixture
def api(world: World, oauth: OAuthClient) -> KickApi:
    app_token = AppToken(oauth.client_credentials)
    return KickApi(api_url=world.kick.url, http=new_http(), app_token=app_token)


@pytest.fixture
def tokens(world: World, oauth: OAuthClient) -> Tokens:
    return oauth.exchange_code(code=world.new_code(), redirect_uri=REDIRECT_URI, verifier=VERIFIER)


def test_tokens_name_their_owner(world: World, api: KickApi, tokens: Tokens) -> None:
    user = api.current_user(tokens.access_token)

    assert (user.user_id, user.name) == (str(world.user_id), "Ada")


def test_a_code_is_good_once(world: World, oauth: OAuthClient) -> None:
    code = world.new_code()
    oauth.exchange_code(code=code, redirect_uri=REDIRECT_URI, verifier=VERIFIER)

    with pytest.raises(KickRejected) as refusal:
        oauth.exchange_code(code=code, redirect_uri=REDIRECT_URI, verifier=VERIFIER)

    assert refusal.value.error == "invalid_grant"


def test_refresh_rotates(oauth: OAuthClient, tokens: Tokens) -> None:
    renewed = oauth.refresh(tokens.refresh_token)

    assert renewed.refresh_token != tokens.refresh_token
    with pytest.raises(KickRejected) as refusal:
        oauth.refresh(tokens.refresh_token)
    assert refusal.value.error == "invalid_grant"


def test_a_wrong_secret_is_unauthorized(world: World) -> None:
    oauth = OAuthClient(
        id_url=world.kick.url, client_id="app", client_secret="wrong", http=new_http()
    )

    with pytest.raises(KickUnauthorized):
        oauth.client_credentials()


def test_revoke_ends_the_grant(oauth: OAuthClient, api: KickApi, tokens: Tokens) -> None:
    was_active = oauth.introspect(tokens.access_token).active

    oauth.revoke(token=tokens.refresh_token, hint="refresh_token")

    assert was_active
    with pytest.raises(KickRejected):
        oauth.refresh(tokens.refresh_token)
    with pytest.raises(KickUnauthorized):
        api.current_user(tokens.access_token)


def test_claims_are_listed_and_their_status_is_set(world: World, api: KickApi) -> None:
    world.kick.claim(**world.pair, count=230, force=True, deliver=False)
    listed = [c.payload.claim_id for page in api.iter_claims(limit=50) for c in page.claims]

    api.update_claims((claim_id, "processed") for claim_id in listed)

    processed = [c for page in api.iter_claims(external_status="processed") for c in page.claims]
    assert {c.payload.claim_id for c in processed} == set(listed)
    assert len(set(listed)) == 230
    assert {(c.payload.external_id, c.external_status) for c in processed} == {
        ("ember-cape", "processed")
    }
    assert all(c.created_at and c.updated_at for c in processed)


def test_claims_of_one_user_and_of_one_id(world: World, api: KickApi) -> None:
    world.kick.claim(**world.pair, count=3, force=True, deliver=False)
    some = next(iter(api.iter_claims())).claims[1].payload

    by_id = [c.payload for page in api.iter_claims(claim_id=some.claim_id) for c in page.claims]
    by_user = [c.payload for page in api.iter_claims(user_id=some.user_id) for c in page.claims]

    assert by_id == [some]
    assert by_user == [some]


@pytest.mark.parametrize("name", ["Night_Owl", "night_owl", "NIGHT_OWL"])
def test_a_user_is_found_by_name(world: World, api: KickApi, name: str) -> None:
    user_id = world.kick.make_viewer("Night_Owl")

    user = api.find_user(name)

    assert user
    assert (user.user_id, user.name) == (str(user_id), "Night_Owl")


@pytest.mark.parametrize("name", ["night-owl", "no_one", "a_name_that_is_longer_than_a_slug"])
def test_a_slug_that_is_not_the_name_is_no_user(world: World, api: KickApi, name: str) -> None:
    world.kick.make_viewer("Night_Owl")

    assert api.find_user(name) is None


def test_users_by_id_leave_out_the_unknown(world: World, api: KickApi) -> None:
    assert [user.name for user in api.users([str(world.user_id), "999"])] == ["Ada"]


@pytest.mark.django_db
def test_a_delivery_verifies_and_a_rotation_heals(
    world: World, api: KickApi, server: ScriptedServer
) -> None:
    keys = PublicKeys(api_url=world.kick.url, fetch=api.public_key)

    world.kick.claim(**world.pair, count=1, force=True)
    before = read_delivery(server.seen[0].headers, server.seen[0].body)
    verified_before = keys.verify(before, now=NOW)
    world.kick.rotate_key()
    world.kick.claim(**world.pair, count=1, force=True)
    after = read_delivery(server.seen[1].headers, server.seen[1].body)
    verified_after = keys.verify(after, now=NOW + timedelta(seconds=1))

    assert (verified_before, verified_after) == (True, True)
    assert not keys.verify(before, now=NOW + timedelta(seconds=2))
