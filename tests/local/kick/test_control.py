import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.local.kick.world import World
from tests.local_kick_process import ControlError, start_local_kick

CLAIMS = "/public/v1/drops/claims"


def get_claims(world: World, token: str) -> requests.Response:
    return world.call("GET", CLAIMS, token=token)


def test_healthz(world: World) -> None:
    assert world.kick.call("GET", "healthz") == {"status": "ok"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:8000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_control_refuses_foreign_pages(world: World, headers: dict[str, str]) -> None:
    response = requests.post(f"{world.kick.url}/local/reset", headers=headers, timeout=9)

    assert response.status_code == 403
    assert "other origins" in response.json()["error"]
    assert world.kick.dump()["viewers"]


def test_control_refuses_another_host(world: World) -> None:
    headers = {"Host": "kick.evil.example"}

    response = requests.get(f"{world.kick.url}/local/healthz", headers=headers, timeout=9)

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("GET", "claims", None, "405.*Allowed: POST"),
        ("POST", "claims", [], "isn't a JSON object"),
        ("POST", "claims", {}, "exactly one of user_id"),
        ("POST", "claims", {"count": 3}, "force true"),
        ("POST", "claims", {"user_id": 5, "campaign_id": "x", "reward_id": "y"}, "404.*viewer"),
        ("POST", "watch", {"user_id": True}, "user_id True is invalid. Send a whole number"),
        ("POST", "deliver", {"claim_id": "x"}, "404.*POST /local/claims"),
        ("POST", "disconnect", {"user_id": 1, "client_id": "app"}, "404"),
        ("PUT", "apps", {"client_id": "x"}, "client_secret is missing"),
        ("PUT", "faults", {"webhook": {"drop": 0.7, "cut": 0.7}}, "more than 1"),
        ("PUT", "faults", {"webhook": {"explode": 1}}, "unknown field 'explode'"),
        ("PUT", "faults", {"webhook": {"drop": "often"}}, "drop 'often' is invalid. Send a number"),
        ("PUT", "faults", {"webhook": {"delay": {"share": 1}}}, "seconds"),
        ("PUT", "faults", {"api": {"status": 418}}, "isn't supported"),
        ("PUT", "faults", {"api": {"status": "500"}}, "Send a whole number"),
        ("PUT", "faults", {"api": {"share": "x"}}, "share"),
        ("PUT", "faults", {"api": {"speed": 1}}, "unknown field 'speed'"),
        ("PUT", "faults", {"api": 7}, "api"),
        ("PUT", "faults", {"webhook": 7}, "webhook"),
        ("PUT", "faults", {"cursor": "sideways"}, "exclusive, inclusive, next"),
        ("PUT", "faults", {"gravity": 1}, "unknown field 'gravity'"),
        ("PUT", "faults", {"seed": []}, "seed"),
    ],
)
def test_control_names_the_cure(
    world: World, method: str, path: str, body: Any, sentence: str
) -> None:
    with pytest.raises(ControlError, match=sentence):
        world.kick.call(method, path, body)


def test_fault_status_for_a_number_of_times(world: World) -> None:
    token = world.app_token()
    world.kick.set_faults(api={"path_prefix": CLAIMS, "status": 429, "retry_after": 2, "count": 2})

    answers = [get_claims(world, token) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].json() == {"data": None, "message": "Too many requests"}
    assert answers[0].headers["Retry-After"] == "2"


def test_fault_status_of_one_method(world: World) -> None:
    token = world.app_token()
    world.kick.set_faults(api=[{"method": "PATCH", "status": 500}])

    reading, writing = get_claims(world, token), world.call("PATCH", CLAIMS, token=token)

    assert (reading.status_code, writing.status_code) == (200, 500)
    assert writing.json() == {"data": None, "message": "Internal server error"}


def test_fault_on_the_token_endpoint(world: World) -> None:
    world.kick.set_faults(api={"path_prefix": "/oauth/token", "status": 500})

    response = world.post_token(grant_type="client_credentials")

    assert response.status_code == 500


def test_fault_truncated(world: World) -> None:
    token = world.app_token()
    world.kick.set_faults(api={"truncate": True})

    response = get_claims(world, token)

    assert response.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_fault_slow(world: World) -> None:
    token = world.app_token()
    world.kick.set_faults(api={"slow_seconds": 0.3})

    response = get_claims(world, token)

    assert response.status_code == 200
    assert response.elapsed.total_seconds() > 0.3


def test_faults_read_and_cleared(world: World) -> None:
    world.kick.set_faults(api={"status": 500}, webhook={"drop": 0.5})

    read = world.kick.call("GET", "faults")
    world.kick.clear_faults()

    assert read["api"] == [{"status": 500}]
    assert read["webhook"] == {"drop": 0.5}
    assert world.kick.call("GET", "faults") == {}


def test_dump_tells_everything(world: World) -> None:
    world.new_code()
    made = world.kick.claim(**world.pair, user_id=world.user_id, force=True)["claims"][0]

    dump = world.kick.dump()

    [claim] = dump["claims"]
    assert claim["claim_id"] == made["claim_id"]
    assert claim["user_id_text"] == str(world.user_id)
    assert claim["external_status"] == "initiated"
    assert claim["organization"] == "Skyfall Studio"
    assert dump["viewers"] == [{"user_id": world.user_id, "name": "Ada"}]
    assert dump["grants"][0]["client_id"] == "app"
    assert dump["deliveries"] == []


def test_dump_since(world: World) -> None:
    world.kick.claim(**world.pair, user_id=world.user_id, force=True)
    world.kick.advance_clock(seconds=3600)
    since = world.kick.call("GET", "clock")["now"]
    later = world.kick.claim(**world.pair, count=1, force=True)["claims"][0]

    lines = requests.get(
        f"{world.kick.url}/local/dump/claims", params={"since": since}, timeout=9
    ).text.splitlines()

    assert len(lines) == 1
    assert later["claim_id"] in lines[0]


def test_restart_loses_nothing(tmp_path: Path) -> None:
    database = tmp_path / "kick.sqlite3"
    first = start_local_kick(database)
    world = World.build(first)
    tokens = world.user_tokens()
    world.kick.claim(**world.pair, user_id=world.user_id, force=True)
    world.kick.set_faults(cursor="next")
    before = world.kick.dump()
    key = world.call("GET", "/public/v1/public-key").text
    assert first.stop() == 0

    world.kick = start_local_kick(database)

    try:
        assert world.kick.dump() == before
        assert world.call("GET", "/public/v1/public-key").text == key
        assert world.refresh(tokens["refresh_token"]).status_code == 200
    finally:
        world.kick.stop()


def test_start_without_a_place_for_the_database(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = run("--port", "0", "--database", str(tmp_path / "file" / "kick.sqlite3"))

    [sentence] = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert "can't write to" in sentence
    assert "--database" in sentence


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_ends_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    local_kick = start_local_kick(tmp_path / "kick.sqlite3")

    local_kick.process.send_signal(ending)

    assert local_kick.stop() == 0
    with pytest.raises(requests.ConnectionError):  # no worker is left behind
        requests.get(f"{local_kick.url}/local/healthz", timeout=9)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "local.kick", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)


def test_start_on_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run("--port", port, "--database", str(tmp_path / "kick.sqlite3"))

    assert ended.returncode == 1
    assert ended.stdout == ""
    [sentence] = ended.stderr.splitlines()
    assert f"can't listen on 127.0.0.1:{port}" in sentence
    assert "--port" in sentence
