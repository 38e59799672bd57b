import json
from collections.abc import Callable, Iterator

import pytest

from platforms.kick.protocol.api import KickApi, User
from platforms.kick.protocol.errors import (
    KickMalformed,
    KickRejected,
    KickUnauthorized,
    KickUnavailable,
)
from platforms.kick.protocol.http import new_http
from tests.platforms.kick.protocol.scripted_server import (
    Answer,
    Exchange,
    ScriptedServer,
    Seen,
    reply,
)


class AppTokens:
    """Numbered tokens, the next one whenever a fresh one is asked for."""

    def __init__(self) -> None:
        self.number = 1

    def __call__(self, fresh: bool) -> str:
        self.number += fresh
        return f"app-{self.number}"


@pytest.fixture
def api(server: ScriptedServer) -> KickApi:
    return KickApi(api_url=server.url, http=new_http(), app_token=AppTokens())


def claim(number: int) -> dict[str, object]:
    return {
        "claim_id": f"claim-{number:04}",
        "user_id": 2**64 - 1 - number,
        "campaign_id": "campaign",
        "reward_id": "reward",
    }


def test_current_user(api: KickApi, server: ScriptedServer) -> None:
    user = {"user_id": 2**64 - 1, "name": "so\0me\ud800one", "email": "", "profile_picture": "p"}
    server.script(reply(200, {"data": [user], "message": "OK"}))

    owner = api.current_user("a-user-token")

    assert owner == User("18446744073709551615", "someone", "p")
    assert server.seen[0].path == "/public/v1/users"
    assert server.seen[0].headers["Authorization"] == "Bearer a-user-token"


@pytest.mark.parametrize(
    "data",
    [None, [], {}, [5], [{"user_id": 1}, {"user_id": 2}], [{}], [{"user_id": " 1"}]],
)
def test_current_user_malformed(api: KickApi, server: ScriptedServer, data: object) -> None:
    server.script(reply(200, {"data": data}))

    with pytest.raises(KickMalformed):
        api.current_user("a-user-token")


def test_current_user_with_a_dead_token_asks_for_no_app_token(
    api: KickApi, server: ScriptedServer
) -> None:
    server.script(reply(401, {"data": None, "message": "Unauthorized"}))

    with pytest.raises(KickUnauthorized):
        api.current_user("dead")

    assert len(server.seen) == 1


def test_public_key_needs_no_token(api: KickApi, server: ScriptedServer) -> None:
    server.script(reply(200, {"data": {"public_key": "-----BEGIN"}, "message": "OK"}))

    assert api.public_key() == "-----BEGIN"
    assert "Authorization" not in server.seen[0].headers


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {"public_key": 5}}, b"<html>"])
def test_public_key_malformed(api: KickApi, server: ScriptedServer, body: object) -> None:
    server.script(reply(200, body))

    with pytest.raises(KickMalformed):
        api.public_key()


def test_public_key_is_one_request_even_in_vain(api: KickApi, server: ScriptedServer) -> None:
    server.script(reply(500))

    with pytest.raises(KickUnavailable):
        api.public_key()

    assert len(server.seen) == 1


def test_iter_claims_sends_every_filter(api: KickApi, server: ScriptedServer) -> None:
    server.script(reply(200, {"data": {"claims": []}}))

    pages = list(
        api.iter_claims(
            campaign_id="k",
            user_id="18446744073709551615",
            claim_id="c",
            external_status="s",
            limit=10,
            cursor="z",
        )
    )

    assert pages == []
    assert server.seen[0].path == "/public/v1/drops/claims"
    assert server.seen[0].query == {
        "campaign_id": "k",
        "user_id": "18446744073709551615",
        "claim_id": "c",
        "external_status": "s",
        "limit": "10",
        "cursor": "z",
    }


def test_iter_claims_without_filters(api: KickApi, server: ScriptedServer) -> None:
    server.script(reply(200, {"data": {"claims": [claim(1)]}}))

    list(api.iter_claims())

    assert server.seen[0].query == {"limit": "1000"}
    assert server.seen[0].headers["Authorization"] == "Bearer app-1"


class ClaimsServer:
    """The claims API under one reading of what Kick leaves undocumented."""

    def __init__(
        self, count: int, *, newest_first: bool, inclusive: bool, last_cursor: str | None
    ) -> None:
        self.ids = [claim(number)["claim_id"] for number in range(count)]
        self.ids.sort(reverse=newest_first)
        self.inclusive = inclusive
        self.last_cursor = last_cursor
        self.calls = 0

    def __call__(self, exchange: Exchange, seen: Seen) -> None:
        self.calls += 1
        assert self.calls < 50, "the client does not come to an end"
        limit, cursor = int(seen.query["limit"]), seen.query.get("cursor")
        start = self.ids.index(cursor) + (not self.inclusive) if cursor else 0
        found = self.ids[start : start + limit]
        data: dict[str, object] = {"claims": [claim(int(name[-4:])) for name in found]}
        is_last = start + limit >= len(self.ids)
        next_cursor = self.last_cursor if is_last else found[-1]
        if next_cursor == "repeat":
            next_cursor = found[-1] if found else cursor
        if next_cursor is not None:
            data["cursor"] = next_cursor
        reply(200, {"data": data, "message": "OK"})(exchange)


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 10, 11, 23])
@pytest.mark.parametrize("last_cursor", ["", None, "repeat"])
@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("newest_first", [True, False])
def test_iter_claims_under_every_reading(
    api: KickApi,
    server: ScriptedServer,
    count: int,
    last_cursor: str | None,
    inclusive: bool,
    newest_first: bool,
) -> None:
    kick = ClaimsServer(
        count, newest_first=newest_first, inclusive=inclusive, last_cursor=last_cursor
    )
    server.script_by(kick)

    found = [c.payload.claim_id for page in api.iter_claims(limit=5) for c in page.claims]

    assert set(found) == set(kick.ids)
    assert len(found) - len(set(found)) <= kick.calls


@pytest.mark.parametrize("count", [6, 10, 11, 15, 23])
@pytest.mark.parametrize("last_cursor", ["", None, "repeat"])
@pytest.mark.parametrize("inclusive", [True, False])
def test_iter_claims_from_a_cursor_never_begins_anew(
    api: KickApi, server: ScriptedServer, count: int, last_cursor: str | None, inclusive: bool
) -> None:
    """A run that is resumed, and whose last page is full, is over at that page, too."""
    kick = ClaimsServer(count, newest_first=False, inclusive=inclusive, last_cursor=last_cursor)
    server.script_by(kick)

    pages = api.iter_claims(limit=5, cursor=kick.ids[4])
    found = [c.payload.claim_id for page in pages for c in page.claims]

    assert set(found) - {kick.ids[4]} == set(kick.ids[5:])
    assert kick.ids[0] not in found


def test_iter_claims_ends_on_a_circle_of_cursors(api: KickApi, server: ScriptedServer) -> None:
    pages = [
        reply(200, {"data": {"claims": [claim(number)], "cursor": cursor}})
        for number, cursor in enumerate(["a", "b", "a", "b", "a"])
    ]
    server.script(*pages)

    found = list(api.iter_claims(limit=1))

    assert len(found) == 3


def test_iter_claims_counts_bad_entries_as_part_of_the_page(
    api: KickApi, server: ScriptedServer
) -> None:
    server.script(
        reply(200, {"data": {"claims": [claim(1), {"claim_id": 5}], "cursor": "a"}}),
        reply(200, {"data": {"claims": [claim(2)]}}),
    )

    first, second = api.iter_claims(limit=2)

    assert (len(first.claims), len(first.unusable), len(second.claims)) == (1, 1, 1)


def test_iter_claims_goes_on_after_a_short_or_empty_page(
    api: KickApi, server: ScriptedServer
) -> None:
    server.script(
        reply(200, {"data": {"claims": [claim(1)], "cursor": "a"}}),
        reply(200, {"data": {"claims": None, "cursor": "b"}}),
        reply(200, {"data": {"claims": [claim(2)], "cursor": None}}),
    )

    assert [len(page) for page in api.iter_claims(limit=1000)] == [1, 0, 1]


def test_iter_claims_of_one_id_ends_with_the_claim(api: KickApi, server: ScriptedServer) -> None:
    server.script(reply(200, {"data": {"claims": [claim(1)], "cursor": "a"}}))

    assert len(list(api.iter_claims(claim_id="a"))) == 1
    assert len(server.seen) == 1


def test_iter_claims_asks_for_a_page_only_when_it_is_wanted(
    api: KickApi, server: ScriptedServer
) -> None:
    server.script(reply(200, {"data": {"claims": [claim(1)], "cursor": "a"}}))

    next(api.iter_claims(limit=1))

    assert len(server.seen) == 1


def calls_as_app(api: KickApi) -> Iterator[Callable[[], object]]:
    yield lambda: list(api.iter_claims())
    yield lambda: api.update_claims([("a", "processed")])


@pytest.mark.parametrize("call", [0, 1])
def test_a_refused_app_token_is_replaced_once(
    api: KickApi, server: ScriptedServer, call: int
) -> None:
    unauthorized = reply(401, {"data": None, "message": "Unauthorized"})
    server.script(unauthorized, reply(200, {"data": {"claims": []}}))

    list(calls_as_app(api))[call]()

    assert [seen.headers["Authorization"] for seen in server.seen] == [
        "Bearer app-1",
        "Bearer app-2",
    ]


@pytest.mark.parametrize("call", [0, 1])
def test_a_second_refusal_is_final(api: KickApi, server: ScriptedServer, call: int) -> None:
    server.script(reply(401, {"data": None, "message": "Unauthorized"}))

    with pytest.raises(KickUnauthorized):
        list(calls_as_app(api))[call]()

    assert len(server.seen) == 2


def test_an_app_of_no_organization_is_rejected(api: KickApi, server: ScriptedServer) -> None:
    server.script(reply(403, {"data": None, "message": "Forbidden"}))

    with pytest.raises(KickRejected) as refusal:
        list(api.iter_claims())

    assert refusal.value.status == 403


@pytest.mark.parametrize("answer", [reply(204), reply(200), reply(200, {"data": {}})])
def test_update_claims_goes_in_hundreds(
    api: KickApi, server: ScriptedServer, answer: Answer
) -> None:
    server.script(answer)

    api.update_claims((f"claim-{number}", "processed") for number in range(250))

    batches = [json.loads(seen.body)["claims"] for seen in server.seen]
    assert [len(batch) for batch in batches] == [100, 100, 50]
    assert batches[2][-1] == {"claim_id": "claim-249", "external_status": "processed"}
    assert {(seen.method, seen.path) for seen in server.seen} == {
        ("PATCH", "/public/v1/drops/claims")
    }


def test_update_claims_of_none_asks_nothing(api: KickApi, server: ScriptedServer) -> None:
    api.update_claims([])

    assert server.seen == []
