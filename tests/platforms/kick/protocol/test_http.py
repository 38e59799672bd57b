import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from platforms.kick.protocol import http as kick_http
from platforms.kick.protocol.answers import read_retry_after
from platforms.kick.protocol.errors import (
    KickError,
    KickMalformed,
    KickPaused,
    KickRejected,
    KickUnauthorized,
    KickUnavailable,
)
from platforms.kick.protocol.http import call, is_repeatable, new_http
from tests.platforms.kick.protocol.scripted_server import (
    ScriptedServer,
    cut_short,
    drip,
    hang_up,
    reply,
    stay_silent,
)

# Seconds to connect and to read. Patient where an answer comes: this machine may be busy.
PATIENT, IMPATIENT = (5.0, 5.0), (5.0, 0.1)
SECRET = "s3cr3t-t0k3n"


def get(server: ScriptedServer, *, timeout: tuple[float, float] = PATIENT) -> bytes:
    return call(new_http(), "GET", f"{server.url}/public/v1/users", timeout=timeout).body


def test_call_returns_status_and_body(server: ScriptedServer) -> None:
    server.script(reply(201, b"made"))

    answer = call(new_http(), "POST", f"{server.url}/anything")

    assert (answer.status, answer.body) == (201, b"made")
    assert "made" not in repr(answer)


def test_call_names_its_user_agent(server: ScriptedServer) -> None:
    server.script(reply())

    call(new_http(user_agent="studio-drops/1"), "GET", server.url)

    assert server.seen[0].headers["User-Agent"] == "studio-drops/1"


def test_call_reuses_its_connection(server: ScriptedServer) -> None:
    server.script(reply(200, b"{}"))
    http = new_http()

    for _ in range(3):
        call(http, "GET", f"{server.url}/public/v1/users")

    assert (server.connections, len(server.seen)) == (1, 3)


@pytest.mark.parametrize("fault", [hang_up, cut_short, stay_silent])
def test_call_kick_is_out_of_reach(server: ScriptedServer, fault: object) -> None:
    server.script(fault)

    with pytest.raises(KickUnavailable, match="can't be reached") as failure:
        get(server, timeout=IMPATIENT)

    assert failure.value.retry_after is None
    assert failure.value.__context__ is None


def test_call_nobody_listens() -> None:
    with ScriptedServer() as closed:
        url = closed.url

    with pytest.raises(KickUnavailable, match="ConnectionError"):
        call(new_http(), "POST", f"{url}/oauth/token")


def test_call_a_dripping_answer_comes_to_an_end(server: ScriptedServer) -> None:
    server.script(drip)

    with pytest.raises(KickUnavailable, match="TimeoutError"):
        call(new_http(), "GET", f"{server.url}/x", answer_seconds=0.2)


def test_call_an_endless_answer_is_not_kept(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kick_http, "MAX_ANSWER_BYTES", 1000)
    server.script(reply(200, b"x" * 5000))

    with pytest.raises(KickUnavailable, match="TimeoutError"):
        get(server)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520])
def test_call_kick_is_busy(server: ScriptedServer, status: int) -> None:
    server.script(reply(status, {"error": "invalid_grant"}, Retry_After="7"))

    with pytest.raises(KickUnavailable) as failure:
        get(server)

    assert failure.value.retry_after == 7.0


def test_call_redirect_is_not_followed(server: ScriptedServer) -> None:
    server.script(reply(302, b"", Location=f"{server.url}/elsewhere"), reply(200, b"stolen"))

    with pytest.raises(KickMalformed, match=r"a redirect \(302\)"):
        call(new_http(), "GET", server.url, headers={"Authorization": f"Bearer {SECRET}"})

    assert len(server.seen) == 1


def test_session_itself_follows_no_redirect(server: ScriptedServer) -> None:
    server.script(reply(302, b"", Location=f"{server.url}/elsewhere"))

    response = new_http().get(server.url)

    assert (response.status_code, len(server.seen)) == (302, 1)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": "invalid_grant"}, "invalid_grant"),
        ({"error": "Invalid request"}, "Invalid request"),
        ({"data": None, "message": "Forbidden"}, "Forbidden"),
        ({"error": f"<script>{SECRET}"}, ""),
        ({"error": {"code": 5}}, ""),
        ({}, ""),
        (b"", ""),
    ],
)
def test_call_kick_refuses_the_request(server: ScriptedServer, body: object, error: str) -> None:
    server.script(reply(400, body))

    with pytest.raises(KickRejected) as refusal:
        get(server)

    assert (refusal.value.status, refusal.value.error) == (400, error)
    assert SECRET not in str(refusal.value)


def test_call_kick_refuses_the_credential(server: ScriptedServer) -> None:
    server.script(reply(401, {"error": "invalid_client"}))

    with pytest.raises(KickUnauthorized, match="401 invalid_client") as refusal:
        get(server)

    assert refusal.value.error == "invalid_client"


@pytest.mark.parametrize("status", [400, 401, 404])
@pytest.mark.parametrize("page", [b"<html>Attention Required!</html>", b"error code: 1020", b"[]"])
def test_call_a_proxys_page_is_no_refusal(server: ScriptedServer, status: int, page: bytes) -> None:
    server.script(reply(status, page))

    with pytest.raises(KickUnavailable, match=f"{status} without JSON"):
        get(server)


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Request blocked by security policy.", "reference": "9e4db7e3"},
        {"reference": "9e4db7e3"},
        {"error": "Blocked"},
        b"<html>Attention Required!</html>",
        b"error code: 1020",
    ],
)
def test_call_blocked_by_cloudflare(server: ScriptedServer, body: object) -> None:
    server.script(reply(403, body))

    with pytest.raises(KickPaused, match="blocks us") as block:
        get(server)

    assert (block.value.status, block.value.retry_after, block.value.is_ours) == (403, None, False)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), (None, 60.0), ("soon", 60.0)])
def test_call_too_many_requests(server: ScriptedServer, header: str | None, seconds: float) -> None:
    server.script(reply(429, b"", **({"Retry_After": header} if header else {})))

    with pytest.raises(KickPaused) as limit:
        get(server)

    assert limit.value.retry_after == seconds
    assert len(server.seen) == 1


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_call_repeats_what_is_safe_if_the_connection_breaks(
    server: ScriptedServer, method: str
) -> None:
    server.script(hang_up, reply(200, b"at last"))

    answer = call(new_http(), method, f"{server.url}/public/v1/drops/claims")

    assert answer.body == b"at last"
    assert len(server.seen) == 2


@pytest.mark.parametrize("fault", [hang_up, reply(500), reply(503)])
def test_call_repeats_no_more_than_once(server: ScriptedServer, fault: object) -> None:
    server.script(fault)

    with pytest.raises(KickUnavailable):
        get(server)

    assert len(server.seen) <= 2


class Turnstile:
    """A gate that notes its calls."""

    def __init__(self) -> None:
        self.passed: list[str] = []

    @contextmanager
    def pass_through(self, path: str) -> Iterator[None]:
        try:
            yield
        except KickError as error:
            self.passed.append(f"{path} {type(error).__name__}")
            raise
        self.passed.append(path)


def test_call_passes_the_gate(server: ScriptedServer) -> None:
    gate = Turnstile()
    http = new_http(gate=gate)
    server.script(reply(200), reply(500))

    call(http, "GET", f"{server.url}/a")
    with pytest.raises(KickUnavailable):
        call(http, "GET", f"{server.url}/b")

    assert gate.passed == ["/a", "/b KickUnavailable"]


@pytest.mark.parametrize(
    ("method", "path", "form", "expected"),
    [
        ("GET", "/public/v1/drops/claims", {}, True),
        ("GET", "/public/v1/public-key", {}, False),
        ("PATCH", "/public/v1/drops/claims", {}, True),
        ("POST", "/oauth/revoke?token=x", {}, True),
        ("POST", "/oauth/token", {"grant_type": "client_credentials"}, True),
        ("POST", "/oauth/token", {"grant_type": "authorization_code", "code": "x"}, False),
        ("POST", "/oauth/token", {"grant_type": "refresh_token"}, False),
        (
            "POST",
            "/oauth/token",
            {"grant_type": "refresh_token", "code": "grant_type=client_credentials"},
            False,
        ),
    ],
)
def test_is_repeatable(method: str, path: str, form: dict[str, str], expected: bool) -> None:
    request = requests.Request(method, f"https://id.kick.com{path}", data=form).prepare()

    assert is_repeatable(request) is expected


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), (" 12 ", 12.0), ("soon", None), ("-5", None), ("", None), ("9" * 5000, None)],
)
def test_read_retry_after(value: str, seconds: float | None) -> None:
    assert read_retry_after({"Retry-After": value}) == seconds


def test_read_retry_after_of_a_time_gone_by() -> None:
    assert read_retry_after({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


def test_no_token_in_messages_or_logs(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(hang_up)

    with pytest.raises(KickError) as failure:
        call(
            new_http(),
            "POST",
            f"{server.url}/oauth/revoke",
            params={"token": SECRET, "token_hint_type": "refresh_token"},
        )

    assert len(server.seen) == 2
    assert "token=…" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in str(failure.value)


def test_cookies_are_not_kept(server: ScriptedServer) -> None:
    server.script(reply(200, b"", Set_Cookie="session=someones"))
    http = new_http()

    for _ in range(2):
        call(http, "GET", server.url)

    assert "Cookie" not in server.seen[1].headers


def test_netrc_does_not_replace_the_bearer_token(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.script(reply())

    call(new_http(), "GET", server.url, headers={"Authorization": "Bearer ours"})

    assert server.seen[0].headers["Authorization"] == "Bearer ours"
