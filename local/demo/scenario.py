"""The steps of one drop, over real HTTP. Each step checks its result."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from local.demo import catalogue
from local.demo.control import ControlRefused, LocalKickControl
from local.demo.demo_file import DemoFile
from local.demo.environment import Environment
from local.demo.supervisor import Supervisor
from local.demo.system import start_system, wait_for
from local.demo.trace import Trace

CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
OFFER = catalogue.OFFERS[0]
AUTHORIZE = ("client_id", "redirect_uri", "state", "code_challenge", "scope")
# Of each viewer in each channel of the local Kick.
STARTING_POINTS = 10_000
# The scheduler sends the reports every fifteen seconds.
PROCESSED_WITHIN_SECONDS = 40.0
DELIVERED_WITHIN_SECONDS = 30.0


class StepFailedError(Exception):
    """A step's result isn't the expected one."""


@dataclass(slots=True)
class Scenario:
    """The state that the steps share."""

    supervisor: Supervisor
    environment: Environment
    say: Callable[[str], None]
    player: Trace = field(init=False)
    staff: Trace = field(init=False)
    streamer: Trace = field(init=False)
    game_server: Trace = field(init=False)
    facts: DemoFile = field(init=False)
    control: LocalKickControl = field(init=False)
    claim_id: str = ""
    authorize_query: dict[str, str] = field(default_factory=dict)
    redeem_body: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.player, self.staff, self.streamer = (Trace(say=self.say) for _ in range(3))
        self.game_server = Trace(say=self.say)
        self.control = LocalKickControl(
            self.environment.local_kick_url, session=Trace(say=self.say)
        )

    # The steps, in order. -----------------------------------------------------------------------

    def start(self) -> None:
        self.facts = start_system(
            self.supervisor, self.environment, known=None, say=lambda line: self.say(f"     {line}")
        )
        self.game_server.headers["Authorization"] = f"Bearer {self.facts.api_key}"

    def watch(self) -> None:
        watched = self.control.post(
            "watch", self._viewer_and_campaign | {"minutes": OFFER.required_minutes}
        )
        check(
            watched["minutes"] >= OFFER.required_minutes,
            "The local Kick didn't count the watched minutes.",
        )

    def claim_too_early(self) -> None:
        try:
            self.control.post("claims", self._claim)
        except ControlRefused:
            return
        raise StepFailedError("The local Kick accepted a claim of a viewer who isn't linked.")

    def log_in(self) -> None:
        login = self.player.get(f"{self.environment.web_url}/link/login")
        form = {"name": catalogue.PLAYER, **_csrf_of(login.text)}
        page = self.player.post(f"{self.environment.web_url}/link/login/callback", data=form)
        check(
            page.ok and catalogue.PLAYER in page.text, "The player's page doesn't show their name."
        )

    def connect(self) -> None:
        page = self.player.get(f"{self.environment.web_url}/link/")
        answer = self.player.post(
            f"{self.environment.web_url}/link/kick", data=_csrf_of(page.text), allow_redirects=False
        )
        target = answer.headers.get("Location", "")
        check(
            target.startswith(f"{self.environment.local_kick_url}/oauth/authorize"),
            "The player wasn't redirected to Kick's consent page.",
        )
        self.authorize_query = dict(parse_qsl(urlsplit(target).query))

    def consent(self) -> None:
        asked = {name: self.authorize_query[name] for name in AUTHORIZE}
        allowed = self.control.post("authorize", asked | {"user_id": self.facts.viewer_id})
        page = self.player.get(allowed["redirect_to"])
        check(page.ok, f"The callback from Kick was answered {page.status_code}.")

    def confirm(self) -> None:
        url = f"{self.environment.web_url}/link/kick/confirm"
        page = self.player.get(url)
        shown = catalogue.PLAYER in page.text and catalogue.VIEWER in page.text
        check(page.ok and shown, "The page doesn't show both accounts.")
        page = self.player.post(url, data=_csrf_of(page.text) | {"answer": "yes"})
        check(page.ok, f"The confirmation was answered {page.status_code}.")

    def see_both_accounts(self) -> None:
        self._check_player_page(catalogue.PLAYER, catalogue.VIEWER)

    def claim(self) -> None:
        claimed = self.control.post("claims", self._claim | {"deliver": False})
        self.claim_id = claimed["claims"][0]["claim_id"]

    def deliver(self) -> None:
        deliveries = self.control.post("deliver", {"claim_id": self.claim_id})["deliveries"]
        statuses = [delivery["status"] for delivery in deliveries]
        check(statuses == [200], f"The webhook was answered {statuses}, not 200.")

    def see_item(self) -> None:
        self._check_player_page(OFFER.name)

    def see_in_admin(self) -> None:
        admin = f"{self.environment.web_url}/admin"
        login = self.staff.get(f"{admin}/login/")
        form = {"username": catalogue.STAFF, "password": self.facts.staff_password}
        self.staff.post(f"{admin}/login/", data=form | _csrf_of(login.text) | {"next": "/admin/"})
        found = self.staff.get(f"{admin}/claims/claim/", params={"q": self.claim_id})
        row = f"/admin/claims/claim/{self.claim_id}/"
        check(found.ok and row in found.text, "The admin doesn't show the claim.")

    def list_by_api(self) -> None:
        answer = self.game_server.get(
            f"{self.environment.web_url}/api/v1/entitlements",
            params={"game_account_id": catalogue.PLAYER},
        )
        check(answer.ok, f"The API answered {answer.status_code}.")
        listed = [row for row in answer.json()["entitlements"] if row["sku"] == OFFER.sku]
        check(len(listed) == 1, f"The API lists the item {len(listed)} times instead of once.")

    def see_in_game(self) -> None:
        in_silence = Trace(say=lambda _line: None)
        url = f"{self.environment.game_server_url}/inventory.json"

        def has_item() -> bool:
            shown = in_silence.get(url, params={"player": catalogue.PLAYER}).json()
            return any(item["sku"] == OFFER.sku for item in shown["items"])

        wait_for(
            self.supervisor,
            has_item,
            what="The item in the game",
            seconds=DELIVERED_WITHIN_SECONDS,
        )
        self.say("     the game server’s inventory has it")

    def gift_kicks(self) -> None:
        def is_subscribed() -> bool:
            return bool(self._in_silence.get("subscriptions")["subscriptions"])

        self._wait_for(is_subscribed, what="The subscription to the channel's events")
        gift = {
            "kind": "gift_kicks",
            "channel": self.facts.streamer_id,
            "user_id": self.facts.viewer_id,
            "amount": catalogue.GIFT_AT_LEAST,
        }
        # Twice, under two message IDs: as Kick may, and as anyone may who holds a copy.
        self.control.put("faults", {"webhook": {"twin": 1.0}})
        deliveries = self.control.post("events", gift)["deliveries"]
        self.control.put("faults", {})
        statuses = [delivery["status"] for delivery in deliveries]
        check(statuses == [200, 200], f"The two deliveries were answered {statuses}, not 200.")

    def see_gift_item(self) -> None:
        self._check_player_page(catalogue.GIFT_ITEM)
        answer = self.game_server.get(
            f"{self.environment.web_url}/api/v1/entitlements",
            params={"game_account_id": catalogue.PLAYER},
        )
        listed = [one for one in answer.json()["entitlements"] if one["sku"] == catalogue.GIFT_SKU]
        check(len(listed) == 1, f"The API lists the item {len(listed)} times instead of once.")

    def connect_channel(self) -> None:
        url = f"{self.environment.web_url}/channel/"
        page = self.streamer.get(url)
        answer = self.streamer.post(f"{url}kick", data=_csrf_of(page.text), allow_redirects=False)
        query = dict(parse_qsl(urlsplit(answer.headers.get("Location", "")).query))
        check("channel:rewards:write" in query.get("scope", ""), "Kick isn't asked for rewards.")
        asked = {name: query[name] for name in AUTHORIZE}
        allowed = self.control.post("authorize", asked | {"user_id": self.facts.streamer_id})
        page = self.streamer.get(allowed["redirect_to"])
        shown = "Connected to Kick" in page.text and catalogue.POINTS_OFFER in page.text
        check(page.ok and shown, "The streamer's page doesn't show the connection and the offer.")

    def redeem(self) -> None:
        """The job makes the reward after the channel was connected."""

        def reward() -> dict[str, Any] | None:
            rewards = self._in_silence.get("rewards")["rewards"]
            titled = [one for one in rewards if one["title"] == catalogue.POINTS_OFFER]
            return titled[0] if titled else None

        self._wait_for(lambda: bool(reward()), what="The reward in the channel")
        found = reward() or {}
        self.redeem_body = {"reward": found["id"], "user_id": self.facts.viewer_id}
        redeemed = self.control.post("redemptions", self.redeem_body)
        statuses = [delivery["status"] for delivery in redeemed["deliveries"]]
        check(statuses == [200], f"The event was answered {statuses}, not 200.")
        check(self._points == STARTING_POINTS - catalogue.POINTS_COST, "No points were taken.")

    def see_redeemed_item(self) -> None:
        self._wait_for(lambda: self._redemptions == ["accepted"], what="The acceptance")
        self._check_player_page(catalogue.POINTS_ITEM)

    def see_refund(self) -> None:
        self.control.post("redemptions", self.redeem_body)
        both = ["accepted", "rejected"]
        self._wait_for(lambda: self._redemptions == both, what="The refund")
        check(self._points == STARTING_POINTS - catalogue.POINTS_COST, "The points aren't back.")
        page = self.streamer.get(f"{self.environment.web_url}/channel/")
        check("Points given back" in page.text, "The streamer's page doesn't show the refund.")

    def see_processed(self) -> None:
        def is_processed() -> bool:
            claims = self._in_silence.get("dump")["claims"]
            claim = next(claim for claim in claims if claim["claim_id"] == self.claim_id)
            return bool(claim["external_status"] == "processed")

        wait_for(
            self.supervisor,
            is_processed,
            what="The report to Kick",
            seconds=PROCESSED_WITHIN_SECONDS,
        )
        self.say("     the claim's external_status on the local Kick is now “processed”")

    # Shared by several steps. -------------------------------------------------------------------

    @property
    def _viewer_and_campaign(self) -> dict[str, Any]:
        campaign_id = self.facts.campaign["campaign_id"]
        return {"user_id": self.facts.viewer_id, "campaign_id": campaign_id}

    @property
    def _claim(self) -> dict[str, Any]:
        rewards = {reward["external_id"]: reward for reward in self.facts.campaign["rewards"]}
        return self._viewer_and_campaign | {"reward_id": rewards[OFFER.sku]["reward_id"]}

    @property
    def _in_silence(self) -> LocalKickControl:
        """Its calls aren't printed."""
        return LocalKickControl(self.environment.local_kick_url, session=requests.Session())

    @property
    def _redemptions(self) -> list[str]:
        return [
            str(one["status"]) for one in self._in_silence.get("dump/redemptions")["redemptions"]
        ]

    @property
    def _points(self) -> int:
        (balance,) = self._in_silence.get("dump/redemptions")["balances"]
        return int(balance["points"])

    def _wait_for(self, condition: Callable[[], bool], *, what: str) -> None:
        wait_for(self.supervisor, condition, what=what, seconds=DELIVERED_WITHIN_SECONDS)

    def _check_player_page(self, *expected: str) -> None:
        page = self.player.get(f"{self.environment.web_url}/link/")
        missing = [text for text in expected if text not in page.text]
        check(page.ok and not missing, f"The player's page doesn't show {', '.join(missing)}.")


def check(is_right: bool, sentence: str) -> None:
    if not is_right:
        raise StepFailedError(sentence)


def _csrf_of(page: str) -> dict[str, str]:
    found = CSRF.search(page)
    if found is None:
        raise StepFailedError("The page has no form to submit.")
    return {"csrfmiddlewaretoken": found[1]}
