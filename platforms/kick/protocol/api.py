"""Client for Kick's public API (api.kick.com), limited to the endpoints that drops need."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import requests

from platforms.kick.protocol.answers import Answer
from platforms.kick.protocol.errors import KickMalformed, KickUnauthorized
from platforms.kick.protocol.http import PLAYERS_TIMEOUT, call
from platforms.kick.protocol.payloads import (
    ClaimsPage,
    PayloadError,
    parse_claims_page,
    read_user_id,
)

MAX_PAGE = 1000
MAX_UPDATES = 100
KEY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """The owner of a token. `user_id` is canonical decimal text. Other fields may be ""."""

    user_id: str
    name: str
    profile_picture: str


class KickApi:
    """Calls to the API server.

    `app_token` returns an app access token. Called with True, it returns a new one, because Kick
    refused the last. Every method raises KickUnavailable, KickUnauthorized, KickRejected and
    KickMalformed.
    """

    def __init__(
        self, *, api_url: str, http: requests.Session, app_token: Callable[[bool], str]
    ) -> None:
        self._url = f"{api_url.rstrip('/')}/public/v1"
        self._http = http
        self._app_token = app_token

    def current_user(self, access_token: str) -> CurrentUser:
        """Return the owner of a user access token (scope `user:read`)."""
        answer = self._call("GET", "/users", access_token, timeout=PLAYERS_TIMEOUT)
        users = answer.json().get("data")
        if not isinstance(users, list) or len(users) != 1 or not isinstance(users[0], dict):
            raise KickMalformed("Kick's response doesn't contain exactly one user.")
        user = users[0]
        try:
            user_id = read_user_id(user)
        except PayloadError as error:
            raise KickMalformed(f"Kick's response contains an invalid user. {error}") from error
        return CurrentUser(
            user_id=user_id,
            name=_printable(user.get("name")),
            profile_picture=_printable(user.get("profile_picture")),
        )

    def public_key(self) -> str:
        """Return the PEM text of the key that Kick signs webhooks with. It isn't validated.

        Gives up soon, because a webhook's request waits for it.
        """
        data = (
            call(
                self._http,
                "GET",
                f"{self._url}/public-key",
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

    def _call_as_app(self, method: str, path: str, **request: Any) -> Answer:
        """Retry once with a new token: Kick may refuse an app token long before it expires."""
        try:
            return self._call(method, path, self._app_token(False), **request)
        except KickUnauthorized:
            token = self._app_token(True)
        return self._call(method, path, token, **request)

    def _call(self, method: str, path: str, token: str, **request: Any) -> Answer:
        bearer = {"Authorization": f"Bearer {token}"}
        return call(self._http, method, f"{self._url}{path}", headers=bearer, **request)


def _printable(value: Any) -> str:
    """Return display text without the characters that a database or a page can't handle."""
    return "".join(filter(str.isprintable, value)) if type(value) is str else ""
