"""What most tests of the local Kick begin with, and an app's side of the conversation."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.local_kick_process import LocalKick

REDIRECT_URI = "http://localhost:8000/link/kick/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0"


def challenge_of(verifier: str) -> str:
    hashed = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()


@dataclass
class World:
    kick: LocalKick
    campaign: dict[str, Any]
    user_id: int
    client: dict[str, str] = field(
        default_factory=lambda: {"client_id": "app", "client_secret": "app-secret"}
    )

    @classmethod
    def build(cls, kick: LocalKick, *, webhook_url: str = "") -> "World":
        kick.register_app(redirect_uris=[REDIRECT_URI], webhook_url=webhook_url)
        campaign = kick.save_campaign(
            rewards=[{"name": "Ember cape", "required_minutes": 30, "external_id": "ember-cape"}]
        )
        return cls(kick=kick, campaign=campaign, user_id=kick.make_viewer("Ada"))

    @property
    def campaign_id(self) -> str:
        return str(self.campaign["campaign_id"])

    @property
    def reward_id(self) -> str:
        return str(self.campaign["rewards"][0]["reward_id"])

    @property
    def pair(self) -> dict[str, str]:
        return {"campaign_id": self.campaign_id, "reward_id": self.reward_id}

    def authorize_query(self, **changes: str) -> dict[str, str]:
        query = {
            "client_id": "app",
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "state": "s-1",
            "scope": "user:read",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**query, **changes}.items() if value}

    def new_code(self, *, user_id: int | None = None) -> str:
        address = self.kick.authorize(
            user_id=user_id or self.user_id,
            redirect_uri=REDIRECT_URI,
            state="s-1",
            code_challenge=challenge_of(VERIFIER),
        )
        return parse_qs(urlsplit(address).query)["code"][0]

    def post_token(self, **form: str) -> requests.Response:
        return requests.post(
            f"{self.kick.url}/oauth/token", data={**self.client, **form}, timeout=9
        )

    def exchange(self, code: str, **changes: str) -> requests.Response:
        form = {"code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
        return self.post_token(grant_type="authorization_code", **{**form, **changes})

    def refresh(self, refresh_token: str) -> requests.Response:
        return self.post_token(grant_type="refresh_token", refresh_token=refresh_token)

    def app_token(self, **client: str) -> str:
        response = self.post_token(grant_type="client_credentials", **client)
        return str(response.json()["access_token"])

    def user_tokens(self) -> dict[str, str]:
        return dict(self.exchange(self.new_code()).json())

    def call(
        self, method: str, path: str, *, token: str | None = None, **others: Any
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self.kick.url + path
        return requests.request(method, url, headers=headers, timeout=9, **others)
