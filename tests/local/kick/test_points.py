"""Channel rewards, redemptions and points of the local Kick."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.local.kick.world import REDIRECT_URI, VERIFIER, challenge_of
from tests.local_kick_process import ControlError, LocalKick

STREAMER, VIEWER = 1, 2
BOTH = "channel:rewards:read channel:rewards:write"
PATH = "/public/v1/channels/rewards"


@pytest.fixture
def kick(local_kick: LocalKick) -> LocalKick:
    for client_id in ("app", "another"):
        local_kick.register_app(client_id=client_id, redirect_uris=[REDIRECT_URI])
    local_kick.make_viewer("streamer", user_id=STREAMER)
    local_kick.make_viewer("viewer", user_id=VIEWER)
    return local_kick


def token(kick: LocalKick, scope: str = BOTH, client_id: str = "app", user_id: int = 1) -> str:
    address = kick.authorize(
        client_id=client_id,
        user_id=user_id,
        redirect_uri=REDIRECT_URI,
        state="s",
        code_challenge=challenge_of(VERIFIER),
        scope=scope,
    )
    form = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "client_secret": "app-secret",
        "redirect_uri": REDIRECT_URI,
        "code": parse_qs(urlsplit(address).query)["code"][0],
        "code_verifier": VERIFIER,
    }
    answer = requests.post(f"{kick.url}/oauth/token", data=form, timeout=10)
    return str(answer.json()["access_token"])


def app_token(kick: LocalKick) -> str:
    form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "app-secret"}
    return str(
        requests.post(f"{kick.url}/oauth/token", data=form, timeout=10).json()["access_token"]
    )


def call(
    kick: LocalKick, method: str, path: str = "", *, bearer: str = "", **request: Any
) -> requests.Response:
    headers = {"Authorization": f"Bearer {bearer or token(kick)}"}
    return requests.request(
        method, f"{kick.url}{PATH}{path}", headers=headers, timeout=10, **request
    )


def make_reward(kick: LocalKick, **fields: Any) -> dict[str, Any]:
    answer = call(kick, "POST", json={"title": "Axe", "cost": 1000, **fields})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def redeem(kick: LocalKick, reward: str) -> str:
    return str(
        kick.call("POST", "redemptions", {"reward": reward, "user_id": VIEWER})["redemption"]
    )


def answer(kick: LocalKick, verb: str, *ids: str, bearer: str = "") -> Any:
    return call(kick, "POST", f"/redemptions/{verb}", bearer=bearer, json={"ids": list(ids)}).json()


def points(kick: LocalKick) -> list[int]:
    return [one["points"] for one in kick.call("GET", "dump/redemptions")["balances"]]


def test_reward_is_made_listed_changed_and_deleted(kick: LocalKick) -> None:
    reward = make_reward(kick)
    assert reward["background_color"] == "#00e701"

    changed = call(kick, "PATCH", f"/{reward['id']}", json={"cost": 5, "is_paused": True})

    assert changed.json()["data"] == {**reward, "cost": 5, "is_paused": True}
    assert call(kick, "GET").json()["data"] == [changed.json()["data"]]
    assert call(kick, "DELETE", f"/{reward['id']}").status_code == 204
    assert call(kick, "GET").json()["data"] == []
    assert call(kick, "DELETE", f"/{reward['id']}").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [{"title": "x" * 51}, {"cost": 0}, {"cost": "5"}, {"description": "x" * 201}, {"title": None}],
)
def test_invalid_reward(kick: LocalKick, fields: dict[str, Any]) -> None:
    body = {"title": "Axe", "cost": 1} | fields

    assert call(kick, "POST", json=body).status_code == 400


def test_reward_is_not_made_paused(kick: LocalKick) -> None:
    assert not make_reward(kick, is_paused=True)["is_paused"]


@pytest.mark.parametrize(
    ("scope", "method", "status"),
    [
        ("user:read", "GET", 403),
        ("channel:rewards:read", "GET", 200),
        ("channel:rewards:write", "GET", 200),
        ("channel:rewards:read", "POST", 403),
    ],
)
def test_scopes(kick: LocalKick, scope: str, method: str, status: int) -> None:
    body = {"json": {"title": "Axe", "cost": 1}} if method == "POST" else {}

    assert call(kick, method, bearer=token(kick, scope), **body).status_code == status


def test_app_token_is_refused(kick: LocalKick) -> None:
    assert call(kick, "GET", bearer=app_token(kick)).status_code == 401


def test_points_are_taken_and_given_back(kick: LocalKick) -> None:
    reward = make_reward(kick)["id"]
    first, second = redeem(kick, reward), redeem(kick, reward)
    assert points(kick) == [8000]

    assert answer(kick, "reject", first)["data"] == []
    assert points(kick) == [9000]
    assert answer(kick, "accept", second)["data"] == []
    assert points(kick) == [9000]
    assert answer(kick, "reject", first, second)["data"] == [
        {"id": first, "reason": "NOT_PENDING"},
        {"id": second, "reason": "NOT_PENDING"},
    ]


def test_reasons(kick: LocalKick) -> None:
    redemption = redeem(kick, make_reward(kick)["id"])

    by_another = answer(kick, "accept", redemption, bearer=token(kick, client_id="another"))
    of_another = answer(kick, "accept", redemption, bearer=token(kick, user_id=VIEWER))

    assert by_another["data"] == [{"id": redemption, "reason": "NOT_OWNED"}]
    assert of_another["data"] == [{"id": redemption, "reason": "NOT_FOUND"}]


@pytest.mark.parametrize("ids", [[], ["same", "same"], [str(n) for n in range(26)], "text"])
def test_ids_are_1_to_25_and_unique(kick: LocalKick, ids: Any) -> None:
    answered = call(kick, "POST", "/redemptions/accept", json={"ids": ids})

    assert answered.status_code == 400


def test_redemptions_are_grouped_and_paged(kick: LocalKick) -> None:
    reward = make_reward(kick, cost=1)["id"]
    made = [redeem(kick, reward) for _ in range(26)]
    query = {"status": "pending", "reward_id": reward}

    first = call(kick, "GET", "/redemptions", params=query).json()
    cursor = first["pagination"]["next_cursor"]
    second = call(kick, "GET", "/redemptions", params={**query, "cursor": cursor}).json()

    ids = [
        one["id"]
        for page in (first, second)
        for group in page["data"]
        for one in group["redemptions"]
    ]
    assert ids == made
    assert second["pagination"]["next_cursor"] == ""
    assert first["data"][0]["reward"]["can_manage"] is True
    by_id = call(kick, "GET", "/redemptions", params={"id": made[:2]}).json()
    assert len(by_id["data"][0]["redemptions"]) == 2


def test_another_app_sees_but_can_not_manage(kick: LocalKick) -> None:
    redeem(kick, make_reward(kick)["id"])

    listed = call(kick, "GET", "/redemptions", bearer=token(kick, client_id="another")).json()

    assert listed["data"][0]["reward"]["can_manage"] is False


def test_skipped_queue(kick: LocalKick) -> None:
    reward = make_reward(kick, should_redemptions_skip_request_queue=True)["id"]
    redemption = redeem(kick, reward)

    assert answer(kick, "reject", redemption)["data"][0]["reason"] == "NOT_PENDING"


@pytest.mark.parametrize("fields", [{"is_paused": True}, {"is_enabled": False}, {"cost": 10_001}])
def test_reward_that_can_not_be_redeemed(kick: LocalKick, fields: dict[str, Any]) -> None:
    reward = make_reward(kick)["id"]
    call(kick, "PATCH", f"/{reward}", json=fields)

    with pytest.raises(ControlError):
        redeem(kick, reward)
