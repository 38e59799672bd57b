"""Client for channel rewards and their redemptions, with the access token of a channel's owner.

Source: https://docs.kick.com/apis/channel-rewards. Kick refuses an app access token here. The token
says whose channel it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from platforms.kick.protocol.answers import Answer
from platforms.kick.protocol.api import entries_of, printable, user_id_of
from platforms.kick.protocol.errors import KickMalformed
from platforms.kick.protocol.http import call
from platforms.kick.protocol.signatures import parse_timestamp

READ_SCOPE, WRITE_SCOPE = "channel:rewards:read", "channel:rewards:write"
MAX_IDS = 25
MAX_TITLE = 50
MAX_DESCRIPTION = 200
STATUSES = ("pending", "accepted", "rejected")
REASONS = ("UNKNOWN", "NOT_PENDING", "NOT_FOUND", "NOT_OWNED")


@dataclass(frozen=True, slots=True)
class ChannelReward:
    """A reward of the channel, made by any app. `cost` is in channel points."""

    reward_id: str
    title: str
    cost: int
    description: str
    background_color: str
    is_enabled: bool
    is_paused: bool
    is_user_input_required: bool
    skips_queue: bool


@dataclass(frozen=True, slots=True)
class Redemption:
    """`can_manage`: whether our app made the reward, so that we may accept and reject."""

    redemption_id: str
    reward_id: str
    user_id: str
    status: str
    redeemed_at: datetime
    can_manage: bool


@dataclass(frozen=True, slots=True)
class RedemptionsPage:
    """`cursor` continues after it; "" on the last page."""

    redemptions: list[Redemption]
    cursor: str


class ChannelRewardsApi:
    """Every method raises KickUnavailable, KickUnauthorized, KickRejected and KickMalformed."""

    def __init__(self, *, api_url: str, http: requests.Session) -> None:
        self._url = f"{api_url.rstrip('/')}/public/v1/channels/rewards"
        self._http = http

    def rewards(self, token: str) -> list[ChannelReward]:
        """All rewards of the channel. Kick documents no pages."""
        return [_reward(one) for one in entries_of(self._call("GET", "", token), "rewards")]

    def create(self, token: str, fields: dict[str, Any]) -> ChannelReward:
        """`fields` are Kick's. A repeat makes another reward."""
        return _reward(_object(self._call("POST", "", token, json=fields)))

    def change(self, token: str, reward_id: str, fields: dict[str, Any]) -> None:
        """Only for rewards that our app made."""
        self._call("PATCH", f"/{quote(reward_id, safe='')}", token, json=fields)

    def delete(self, token: str, reward_id: str) -> None:
        """Only for rewards that our app made. Kick doesn't say what becomes of redemptions."""
        self._call("DELETE", f"/{quote(reward_id, safe='')}", token)

    def iter_redemptions(
        self, token: str, reward_id: str, *, status: str, cursor: str = ""
    ) -> Iterator[RedemptionsPage]:
        """The pages of a reward's redemptions, from `cursor` on.

        Kick documents neither order nor size of a page. Ends at a missing or repeated cursor.
        """
        seen = {"", cursor}
        while True:
            query = {"reward_id": reward_id, "status": status}
            if cursor:
                query["cursor"] = cursor
            answer = self._call("GET", "/redemptions", token, params=query)
            following = _next_cursor(answer)
            is_last = following in seen
            yield RedemptionsPage(_redemptions(answer), "" if is_last else following)
            if is_last:
                return
            cursor = following
            seen.add(cursor)

    def redemptions(self, token: str, redemption_ids: Sequence[str]) -> list[Redemption]:
        """The ones of these IDs, at most 25. Unknown ones are left out."""
        query = [("id", one) for one in redemption_ids]
        return _redemptions(self._call("GET", "/redemptions", token, params=query))

    def answer(self, token: str, redemption_ids: Sequence[str], *, accept: bool) -> dict[str, str]:
        """Accept or reject at most 25. Returns the reasons of those that failed, by ID.

        Kick answers 200 even if all of them failed.
        """
        path = "/redemptions/accept" if accept else "/redemptions/reject"
        answer = self._call("POST", path, token, json={"ids": list(redemption_ids)})
        failed = {}
        for one in entries_of(answer, "redemptions"):
            reason = one.get("reason")
            failed[printable(one.get("id"))] = reason if reason in REASONS else "UNKNOWN"
        return failed

    def _call(self, method: str, path: str, token: str, **request: Any) -> Answer:
        bearer = {"Authorization": f"Bearer {token}"}
        return call(self._http, method, f"{self._url}{path}", headers=bearer, **request)


def _object(answer: Answer) -> dict[str, Any]:
    data = answer.json().get("data")
    if not isinstance(data, dict):
        raise KickMalformed("Kick's response doesn't contain a reward.")
    return data


def _reward(one: dict[str, Any]) -> ChannelReward:
    cost = one.get("cost")
    return ChannelReward(
        reward_id=_id(one),
        title=printable(one.get("title")),
        cost=cost if type(cost) is int else 0,
        description=printable(one.get("description")),
        background_color=printable(one.get("background_color")),
        is_enabled=one.get("is_enabled") is not False,
        is_paused=one.get("is_paused") is True,
        is_user_input_required=one.get("is_user_input_required") is True,
        skips_queue=one.get("should_redemptions_skip_request_queue") is True,
    )


def _redemptions(answer: Answer) -> list[Redemption]:
    """Kick groups them by reward."""
    found = []
    for group in entries_of(answer, "redemptions"):
        reward, redemptions = group.get("reward"), group.get("redemptions") or []
        if not isinstance(reward, dict) or not isinstance(redemptions, list):
            raise KickMalformed("Kick's response doesn't group redemptions by reward.")
        found += [_redemption(one, reward) for one in redemptions]
    return found


def _redemption(one: Any, reward: dict[str, Any]) -> Redemption:
    if not isinstance(one, dict):
        raise KickMalformed("Kick's response contains an invalid redemption.")
    redeemer = one.get("redeemer")
    redeemer = redeemer if isinstance(redeemer, dict) else {}
    # One client library reads `broadcaster_user_id` here.
    user_id = redeemer.get("user_id", redeemer.get("broadcaster_user_id"))
    status = one.get("status")
    if status not in STATUSES:
        raise KickMalformed("Kick's response contains a redemption of an unknown status.")
    redeemed_at = one.get("redeemed_at")
    try:
        moment = parse_timestamp(redeemed_at if type(redeemed_at) is str else "")
    except ValueError as error:
        raise KickMalformed("Kick's response contains a redemption without a time.") from error
    return Redemption(
        redemption_id=_id(one),
        reward_id=_id(reward),
        user_id=user_id_of(user_id),
        status=status,
        redeemed_at=moment,
        # Not documented as required. If it's missing, accepting shows whose it is.
        can_manage=reward.get("can_manage") is not False,
    )


def _id(one: dict[str, Any]) -> str:
    value = printable(one.get("id"))
    if not 0 < len(value) <= 64:
        raise KickMalformed("Kick's response contains an entry without an ID.")
    return value


def _next_cursor(answer: Answer) -> str:
    pagination = answer.json().get("pagination")
    cursor = pagination.get("next_cursor") if isinstance(pagination, dict) else None
    return cursor if type(cursor) is str else ""
