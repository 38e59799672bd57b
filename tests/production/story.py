"""Those who come and go at a deployment, each by HTTP: staff, a player, a game server, Kick."""

import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from tests.accounts.issuer import Issuer
from tests.local_kick_process import LocalKick
from tests.production.deployment import Deployment

SKU = "ember-cape"
STAFF = "ops-ada"
VIEWER = "nova"
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Browser:
    """Cookies, and the hidden field of a page's form; everything through the TLS proxy."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def open(self, path: str, **others: Any) -> requests.Response:
        return self.session.get(f"{self.url}{path}", timeout=20, **others)

    def send(self, page: str, to: str = "", **form: object) -> requests.Response:
        """Fill in the form on `page`; its answer, without going where that leads to."""
        found = _CSRF.search(self.open(page).text)
        assert found, f"There is no form on {page}."
        return self.session.post(
            f"{self.url}{to or page}",
            data={"csrfmiddlewaretoken": found[1], **form},
            # Django compares it with the host on https, where every browser sends one.
            headers={"Referer": f"{self.url}{page}"},
            allow_redirects=False,
            timeout=20,
        )


@dataclass(frozen=True)
class Delivered:
    player: Browser
    claim_id: str


@dataclass
class Studio:
    url: str
    deployment: Deployment
    kick: LocalKick
    game_login: Issuer
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @cached_property
    def staff(self) -> Browser:
        """The first login, made as the page on production says, used on the admin's login page."""
        made = self.deployment.manage(
            "createsuperuser",
            "--no-input",
            f"--username={STAFF}",
            "--email=ada@example.com",
            DJANGO_SUPERUSER_PASSWORD=self.password,
        )
        assert made.returncode == 0, made.stderr
        browser = Browser(self.url)
        form = {"username": STAFF, "password": self.password, "next": "/admin/"}
        assert browser.send("/admin/login/", **form).status_code == 302
        return browser

    @cached_property
    def api_key(self) -> str:
        return self.deployment.manage("make_api_key", "eu-west lobby").stdout.strip()

    @cached_property
    def campaign(self) -> dict[str, Any]:
        """At Kick: the app with its three addresses, and a campaign of one reward."""
        env_file = self.deployment.env_file
        self.kick.register_app(
            client_id=env_file["KICK_CLIENT_ID"],
            client_secret=env_file["KICK_CLIENT_SECRET"],
            redirect_uris=[f"{self.url}/link/kick/callback"],
            connect_url=f"{self.url}/link/",
            webhook_url=f"{self.url}/webhooks/kick/drops",
        )
        return self.kick.save_campaign()

    @property
    def reward_id(self) -> str:
        return self.campaign["rewards"][0]["reward_id"]

    def map_reward(self) -> None:
        """In the admin: an item, a reward mapped to it, and the campaign that has the reward."""
        self._add("item", sku=SKU, name="Ember cape")
        item = re.search(r"/admin/claims/item/(\d+)/change/", self._list("item"))
        assert item, "The admin does not list the item."
        source = {"source": "kick_drops"}
        self._add("reward", reward_id=self.reward_id, name="Ember cape", **source)
        rows = {"form-0-item": item[1], "form-0-quantity": 1}
        mapping_page = f"/admin/desk/mapping/{self.reward_id}"
        preview = self.staff.send(mapping_page, **_inline("form", rows)).text
        previewed = re.search(r'name="previewed" value="([^"]+)"', preview)
        assert previewed, preview
        rows |= {"confirmed": "yes", "previewed": previewed[1]}
        answer = self.staff.send(mapping_page, **_inline("form", rows))
        assert answer.status_code == 302, answer.text
        rows = {"pairs-0-reward": self.reward_id, "pairs-0-required_minutes": 30}
        self._add(
            "campaign",
            campaign_id=self.campaign["campaign_id"],
            **source,
            name="Launch week",
            category="Skyfall",
            announcement_days=0,
            grace_days=7,
            **_inline("pairs", rows),
        )

    def link(self) -> tuple[Browser, int]:
        """A player logs in to the game, agrees at Kick, and comes back; with the viewer's id."""
        player, viewer_id = Browser(self.url), self.kick.make_viewer(VIEWER)
        to_login = player.open("/link/login", allow_redirects=False).headers["Location"]
        assert to_login.startswith(self.game_login.url)
        player.open("/link/login/callback", params=self.game_login.consent(to_login))
        to_kick = player.send("/link/", "/link/kick").headers["Location"]
        asked = dict(parse_qsl(urlsplit(to_kick).query))
        names = ("client_id", "redirect_uri", "state", "code_challenge", "scope")
        back = self.kick.authorize(user_id=viewer_id, **{name: asked[name] for name in names})
        assert player.session.get(back, timeout=20).ok
        assert player.send("/link/kick/confirm", answer="yes").status_code == 302
        return player, viewer_id

    def claim(self, viewer_id: int, *, force: bool = False) -> str:
        """The viewer has watched, or `force`, and claims; Kick's webhook is not yet sent."""
        campaign_id = self.campaign["campaign_id"]
        self.kick.watch(user_id=viewer_id, campaign_id=campaign_id, minutes=30)
        claimed = self.kick.claim(
            campaign_id=campaign_id,
            reward_id=self.reward_id,
            user_id=viewer_id,
            force=force,
            deliver=False,
        )
        return claimed["claims"][0]["claim_id"]

    def is_delivered(self, claim_id: str) -> bool:
        """Kick's signed webhook is answered 200, within its patience of three seconds."""
        return [delivery["status"] for delivery in self.kick.deliver(claim_id)] == [200]

    def ask_api(self, method: str, path: str, **others: Any) -> Any:
        answer = requests.request(
            method,
            f"{self.url}/api/v1/{path}",
            headers={"Authorization": f"Bearer {self.api_key}"},
            timeout=20,
            **others,
        )
        assert answer.ok, answer.text
        return answer.json()

    def status_at_kick(self, claim_id: str) -> str:
        statuses = {one["claim_id"]: one["external_status"] for one in self.kick.claims()}
        return statuses[claim_id]

    def _add(self, model: str, **form: object) -> None:
        answer = self.staff.send(f"/admin/claims/{model}/add/", **form)
        assert answer.status_code == 302, answer.text

    def _list(self, model: str) -> str:
        return self.staff.open(f"/admin/claims/{model}/").text


def _inline(prefix: str, row: dict[str, object]) -> dict[str, object]:
    return {f"{prefix}-TOTAL_FORMS": 1, f"{prefix}-INITIAL_FORMS": 0, **row}
