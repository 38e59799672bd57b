import pytest

from platforms.kick.protocol.signatures import load_public_key
from tests.local.kick.world import World
from tests.local_kick_process import ControlError

USERS = "/public/v1/users"


def test_public_key_is_rsa_2048(world: World) -> None:
    answer = world.call("GET", "/public/v1/public-key").json()

    assert answer["message"] == "OK"
    assert load_public_key(answer["data"]["public_key"]).key_size == 2048


def test_public_key_rotation(world: World) -> None:
    before = world.call("GET", "/public/v1/public-key").json()["data"]["public_key"]

    rotated = world.kick.rotate_key()

    after = world.call("GET", "/public/v1/public-key").json()["data"]["public_key"]
    assert before != rotated == after


def test_users_owner(world: World) -> None:
    token = world.user_tokens()["access_token"]

    answer = world.call("GET", USERS, token=token).json()

    [user] = answer["data"]
    assert user["user_id"] == world.user_id
    assert user["name"] == "Ada"
    assert set(user) == {"user_id", "name", "email", "profile_picture"}


@pytest.mark.parametrize("user_id", [1, 2**53 + 1, 2**64 - 1])
def test_users_any_uint64(world: World, user_id: int) -> None:
    world.user_id = world.kick.make_viewer("Big", user_id=user_id)
    token = world.user_tokens()["access_token"]

    [user] = world.call("GET", USERS, token=token).json()["data"]

    assert user["user_id"] == user_id


def test_users_by_id(world: World) -> None:
    grace = world.kick.make_viewer("Grace")
    query = {"id": [world.user_id, grace, 77]}

    answer = world.call("GET", USERS, token=world.app_token(), params=query).json()

    assert [user["name"] for user in answer["data"]] == ["Ada", "Grace"]


def test_users_without_a_users_token(world: World) -> None:
    nobody = world.call("GET", USERS)
    app = world.call("GET", USERS, token=world.app_token())

    assert nobody.status_code == app.status_code == 401
    assert nobody.json()["error"] == "Unauthorized"
    assert set(app.json()) == {"error", "message"}


def test_viewer_name_and_id_must_agree(world: World) -> None:
    with pytest.raises(ControlError, match="409"):
        world.kick.make_viewer("Ada", user_id=1)
    with pytest.raises(ControlError, match="taken"):
        world.kick.make_viewer("Eve", user_id=world.user_id)
    with pytest.raises(ControlError, match="out of range"):
        world.kick.make_viewer("Eve", user_id=2**64)


def test_unknown_endpoint(world: World) -> None:
    response = world.call("GET", "/public/v1/nothing")

    assert response.status_code == 404
    assert response.json()["error"] == "Not found"


def test_wrong_method(world: World) -> None:
    response = world.call("DELETE", "/public/v1/drops/claims")

    assert response.status_code == 405
    assert response.json() == {"data": None, "message": "Method not allowed"}
