"""An OAuth client that others wrote completes the flow: it is OAuth, not a dialect of ours."""

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from tests.local.kick.browser import Browser
from tests.local.kick.world import REDIRECT_URI, World


def new_client(world: World) -> OAuth2Session:
    return OAuth2Session(
        **world.client,
        scope="user:read",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_post",
    )


def test_authlib_completes_the_flow(world: World) -> None:
    browser, verifier = Browser(world.kick.url), generate_token(48)
    browser.sign_in("Ada")
    token_url = f"{world.kick.url}/oauth/token"
    with new_client(world) as client:
        address, state = client.create_authorization_url(
            f"{world.kick.url}/oauth/authorize", code_verifier=verifier
        )
        sent_back = browser.press(address, address, decision="allow").headers["Location"]

        token = client.fetch_token(
            token_url, authorization_response=sent_back, state=state, code_verifier=verifier
        )
        renewed = client.refresh_token(token_url, refresh_token=token["refresh_token"])
        user = client.get(f"{world.kick.url}/public/v1/users").json()["data"][0]

        assert user["user_id"] == world.user_id
        assert renewed["access_token"] != token["access_token"]
        with pytest.raises(OAuthError, match="invalid_grant"):
            client.refresh_token(token_url, refresh_token=token["refresh_token"])
    browser.session.close()


def test_authlib_gets_an_app_token(world: World) -> None:
    with OAuth2Session(**world.client, token_endpoint_auth_method="client_secret_post") as client:
        client.fetch_token(f"{world.kick.url}/oauth/token", grant_type="client_credentials")

        answer = client.get(f"{world.kick.url}/public/v1/drops/claims")

    assert answer.json() == {"data": {"claims": []}, "message": "OK"}
