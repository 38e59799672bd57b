"""Client for Kick's public API (api.kick.com): the endpoints for drops and event subscriptions."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import requests

from platforms.kick.protocol.answers import Answer
from platforms.kick.protocol.errors import KickMalformed, KickRejected, KickUnauthorized
from platforms.kick.protocol.http import PLAYERS_TIMEOUT, call
from platforms.kick.protocol.payloads import (
    ClaimsPage,
    PayloadError,
    parse_claims_page,
    read_user_id,
)
from platforms.kick.protocol.signatures import parse_timestamp

MAX_PAGE = 1000
MAX_UPDATES = 100
MAX_SLUG = 25
MAX_SUBSCRIPTIONS = 50
MAX_CATEGORIES = 20
KEY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class User:
    """A Kick user. `user_id` is canonical decimal text. Other fields may be ""."""

    user_id: str
    name: str
    profile_picture: str


@dataclass(frozen=True, slots=True)
class EventSubscription:
    """A subscription to one type of event of one channel. `user_id` is the channel's owner."""

    subscription_id: str
    user_id: str
    event: str
    created_at: str


@dataclass(frozen=True, slots=True)
class SubscribedEvent:
    """Kick's answer for one event. Either `subscription_id` or `error` is blank."""

    event: str
    subscription_id: str
    error: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel. `language` is that of its stream, "" if it's offline. `category` may be ""."""

    user_id: str
    subscribers: int
    language: str
    category: str


@dataclass(frozen=True, slots=True)
class LiveStream:
    """A stream that is on air. `user_id` is the channel's owner. `category` may be ""."""

    user_id: str
    category_id: str
    category: str
    started_at: datetime
    viewers: int


class KickApi:
    """Calls to the API server.

    `app_token` returns an app access token. Called with True, it returns a new one, because Kick
    refused the last. Every method raises KickUnavailable, KickUnauthorized, KickRejected and
    KickMalformed.
    """

    def __init__(
        self, *, api_url: str, http: requests.Session, app_token: Callable[[bool], str]
    ) -> None:
        self._url = f"{api_url.rstrip('/')}/public"
        self._http = http
        self._app_token = app_token

    def current_user(self, access_token: str) -> User:
        """Return the owner of a user access token (scope `user:read`)."""
        answer = self._call("GET", "/users", access_token, timeout=PLAYERS_TIMEOUT)
        users = _list_of_users(answer)
        if len(users) != 1:
            raise KickMalformed("Kick's response doesn't contain exactly one user.")
        return users[0]

    def users(self, user_ids: Iterable[str]) -> list[User]:
        """Return the users with these ids, at most 50. Unknown ids are left out."""
        query = [("id", user_id) for user_id in user_ids]
        return _list_of_users(self._call_as_app("GET", "/users", params=query))

    def find_user(self, name: str) -> User | None:
        """Return the user of this name, in any case, or None.

        Kick offers no search by name, only channels by slug: the name in lower case, sometimes with
        "-" for "_". A renamed user's slug may be free for someone else, so the name decides.
        """
        lower = name.lower()
        slugs = dict.fromkeys([lower, lower.replace("_", "-")])
        found = {one for slug in slugs for one in self._owners_of_slug(slug)}
        users = self.users(sorted(found)) if found else []
        return next((user for user in users if user.name.lower() == lower), None)

    def _owners_of_slug(self, slug: str) -> list[str]:
        if len(slug) > MAX_SLUG:
            return []
        try:
            answer = self._call_as_app("GET", "/channels", params={"slug": slug})
        except KickRejected:  # An unknown slug: 400, or 200 with an empty list.
            return []
        channels = answer.json().get("data")
        if not isinstance(channels, list):
            raise KickMalformed("Kick's response doesn't contain a list of channels.")
        ids = [one.get("broadcaster_user_id") for one in channels if isinstance(one, dict)]
        return [user_id_of(one) for one in ids]

    def public_key(self) -> str:
        """Return the PEM text of the key that Kick signs webhooks with. It isn't validated.

        Gives up soon, because a webhook's request waits for it.
        """
        data = (
            call(
                self._http,
                "GET",
                f"{self._url}/v1/public-key",
                timeout=(KEY_SECONDS, KEY_SECONDS),
                answer_seconds=KEY_SECONDS,
            )
            .json()
            .get("data")
        )
        pem = data.get("public_key") if isinstance(data, dict) else None
        if type(pem) is not str:
            raise KickMalformed("Kick's response doesn't contain a public key.")
        return pem

    def iter_claims(
        self,
        *,
        campaign_id: str | None = None,
        user_id: str | None = None,
        claim_id: str | None = None,
        external_status: str | None = None,
        limit: int = MAX_PAGE,
        cursor: str | None = None,
    ) -> Iterator[ClaimsPage]:
        """Yield the organization's claims page by page, starting after `cursor`.

        Kick's guide (https://docs.kick.com/drops/drops-guide) doesn't define the order, whether
        the next page repeats the cursor's claim, whether Kick lowers `limit`, whether it filters
        before or after it cuts a page, or the cursor of the last page. So a claim may be yielded
        twice, but none is skipped, and a page may be empty. Iteration ends only at a missing or
        repeated cursor, or with the first claims if `claim_id` is given.
        """
        filters = {
            "campaign_id": campaign_id,
            "user_id": user_id,
            "claim_id": claim_id,
            "external_status": external_status,
        }
        seen = {"", cursor}  # without a cursor, Kick would return the first page again
        while True:
            query = {**filters, "limit": str(limit), "cursor": cursor}
            params = {name: value for name, value in query.items() if value}
            answer = self._call_as_app("GET", "/drops/claims", params=params)
            page = parse_claims_page(answer.body)
            is_last = page.cursor in seen or (claim_id is not None and len(page) > 0)
            if len(page) or not is_last:
                yield page
            if is_last:
                return
            cursor = page.cursor
            seen.add(cursor)

    def update_claims(self, statuses: Iterable[tuple[str, str]]) -> None:
        """Set the `external_status` of claims, given as (claim_id, external_status).

        Sends batches of 100, Kick's maximum. If a batch fails, the earlier ones have been written.
        Repeating the call is safe.
        """
        remaining = iter(statuses)
        while batch := list(islice(remaining, MAX_UPDATES)):
            claims = [{"claim_id": claim, "external_status": status} for claim, status in batch]
            answer = self._call_as_app("PATCH", "/drops/claims", json={"claims": claims})
            # Kick documents 204. A page with 200, from a proxy, doesn't mean that Kick has it.
            if answer.status != 204 and answer.body:
                answer.json()

    def event_subscriptions(self) -> list[EventSubscription]:
        """Return all event subscriptions of our app. Kick documents no pages."""
        answer = self._call_as_app("GET", "/events/subscriptions")
        return [
            EventSubscription(
                subscription_id=printable(one.get("id")),
                user_id=user_id_of(one.get("broadcaster_user_id")),
                event=printable(one.get("event")),
                created_at=printable(one.get("created_at")),
            )
            for one in entries_of(answer, "subscriptions")
        ]

    def subscribe(self, *, user_id: str, events: Iterable[str]) -> list[SubscribedEvent]:
        """Subscribe to events of a channel, by its owner's ID. A repeat makes duplicates.

        Each event succeeds or fails separately.
        """
        body = {
            "broadcaster_user_id": int(user_id),
            "events": [{"name": name, "version": 1} for name in events],
            "method": "webhook",
        }
        answer = self._call_as_app("POST", "/events/subscriptions", json=body)
        return [
            SubscribedEvent(
                event=printable(one.get("name")),
                subscription_id=printable(one.get("subscription_id")),
                error=printable(one.get("error")),
            )
            for one in entries_of(answer, "subscriptions")
        ]

    def unsubscribe(self, subscription_ids: Iterable[str]) -> None:
        """End subscriptions, 50 at a time: Kick refuses long lists."""
        remaining = iter(subscription_ids)
        while batch := list(islice(remaining, MAX_SUBSCRIPTIONS)):
            query = [("id", one) for one in batch]
            self._call_as_app("DELETE", "/events/subscriptions", params=query)

    def channels(self, user_ids: Iterable[str]) -> list[Channel]:
        """The channels of these users, at most 25. Renamed and banned ones are left out."""
        query = [("broadcaster_user_id", user_id) for user_id in user_ids]
        answer = self._call_as_app("GET", "/channels", params=query)
        return [_channel(one) for one in entries_of(answer, "channels")]

    def categories(self, name: str) -> list[str]:
        """The names of categories that match, on the first page of Kick's list."""
        query = {"name": name, "limit": str(MAX_CATEGORIES)}
        answer = self._call_as_app("GET", "/categories", version="v2", params=query)
        names = [printable(one.get("name")) for one in entries_of(answer, "categories")]
        return [one for one in names if one]

    def live_streams(self, user_ids: Iterable[str]) -> list[LiveStream]:
        """The streams of these users that are on air, at most 25: Kick mixed up longer lists."""
        query = [("user_id", user_id) for user_id in user_ids]
        answer = self._call_as_app("GET", "/users/livestreams", params=query)
        return [_live_stream(one) for one in entries_of(answer, "livestreams")]

    def _call_as_app(self, method: str, path: str, **request: Any) -> Answer:
        """Retry once with a new token: Kick may refuse an app token long before it expires."""
        try:
            return self._call(method, path, self._app_token(False), **request)
        except KickUnauthorized:
            token = self._app_token(True)
        return self._call(method, path, token, **request)

    def _call(
        self, method: str, path: str, token: str, *, version: str = "v1", **request: Any
    ) -> Answer:
        bearer = {"Authorization": f"Bearer {token}"}
        return call(self._http, method, f"{self._url}/{version}{path}", headers=bearer, **request)


def entries_of(answer: Answer, what: str) -> list[dict[str, Any]]:
    """The objects of a list. Kick's servers are written in Go, which encodes an empty list as null.

    Raises KickMalformed.
    """
    entries = answer.json().get("data", ())
    entries = [] if entries is None else entries
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise KickMalformed(f"Kick's response doesn't contain a list of {what}.")
    return entries


def _channel(one: dict[str, Any]) -> Channel:
    category, stream = one.get("category"), one.get("stream")
    return Channel(
        user_id=user_id_of(one.get("broadcaster_user_id")),
        subscribers=_count(one.get("active_subscribers_count")),
        # The stream's key and URL aren't read, so that they're never stored or logged.
        language=printable(stream.get("language")) if isinstance(stream, dict) else "",
        category=printable(category.get("name")) if isinstance(category, dict) else "",
    )


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**31 else 0


def _live_stream(one: dict[str, Any]) -> LiveStream:
    user, category = one.get("broadcaster_user"), one.get("category")
    if not isinstance(user, dict):
        raise KickMalformed("Kick's response contains a stream without its user.")
    category = category if isinstance(category, dict) else {}
    started_at = one.get("started_at")
    try:
        moment = parse_timestamp(started_at if type(started_at) is str else "")
    except ValueError as error:
        raise KickMalformed("Kick's response contains a stream without a start.") from error
    return LiveStream(
        user_id=user_id_of(user.get("id")),
        category_id=str(category.get("id", "")),
        category=printable(category.get("name")),
        started_at=moment,
        viewers=_count(one.get("viewer_count")),
    )


def _list_of_users(answer: Answer) -> list[User]:
    return [
        User(
            user_id=user_id_of(user.get("user_id")),
            name=printable(user.get("name")),
            profile_picture=printable(user.get("profile_picture")),
        )
        for user in entries_of(answer, "users")
    ]


def user_id_of(value: Any) -> str:
    try:
        return read_user_id({"user_id": value})
    except PayloadError as error:
        raise KickMalformed(f"Kick's response contains an invalid user. {error}") from error


def printable(value: Any) -> str:
    """Return display text without the characters that a database or a page can't handle."""
    return "".join(filter(str.isprintable, value)) if type(value) is str else ""
