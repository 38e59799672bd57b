"""The benchmark's own arithmetic, and its load generator against a real server."""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from platforms.kick.protocol.signatures import SignedDelivery, load_public_key, verify
from tests.bench.goals import Goal, Result, ratios
from tests.bench.load import LoadFailed, Measured, drive, is_whole
from tests.bench.traffic import get_request, new_signing_key, signed_claims, small_forged_claims

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("cut", range(1, len(ANSWER)))
def test_is_whole_waits_for_the_last_byte(cut: int) -> None:
    assert is_whole(ANSWER)
    assert not is_whole(ANSWER[:-cut])


def test_is_whole_refuses_an_answer_of_unknown_length() -> None:
    with pytest.raises(LoadFailed, match="Content-Length"):
        is_whole(b"HTTP/1.1 200 OK\r\n\r\n")


def test_percentile_is_a_latency_that_was_measured() -> None:
    measured = Measured(1.0, [n / 1000 for n in range(1, 101)])

    assert measured.percentile(0.99) == 0.099
    assert measured.percentile(1.0) == 0.1


def test_expect_refuses_other_answers() -> None:
    measured = Measured(1.0, [0.1, 0.1], Counter({200: 1, 503: 1}))

    with pytest.raises(LoadFailed, match="503"):
        measured.expect(200)


@pytest.mark.parametrize(
    ("goal", "values", "verdict"),
    [
        (Goal("W1", "", 0.75), [0.7, 0.75, 0.9], "PASS"),
        (Goal("W1", "", 0.75), [0.7, 0.74, 0.9], "NOT MET"),
        (Goal("W2", "", 1.5, at_least=False), [1.4, 1.5, 9.0], "PASS"),
        (Goal("W2", "", 1.5, at_least=False), [1.6], "NOT MET"),
        (Goal("W1", "", 0.75), [], "MISSING"),
    ],
)
def test_verdict_is_that_of_the_median(goal: Goal, values: list[float], verdict: str) -> None:
    assert Result(goal, values).verdict == verdict


def test_ratios_are_taken_round_by_round() -> None:
    assert ratios([1.0, 8.0], [2.0, 4.0]) == [0.5, 2.0]


def test_signed_claims_verify_and_forged_ones_do_not() -> None:
    key = new_signing_key()
    requests = signed_claims(key, 3)

    valid = [_is_valid(key.public_pem, request) for request in requests]
    forged = [_is_valid(key.public_pem, request) for request in small_forged_claims(requests)]

    assert (valid, forged) == ([True] * 3, [False] * 3)


def _is_valid(public_pem: str, request: bytes) -> bool:
    head, body = request.split(b"\r\n\r\n", 1)
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    delivery = SignedDelivery(
        message_id=headers["Kick-Event-Message-ID"],
        timestamp=headers["Kick-Event-Timestamp"],
        signature=headers["Kick-Event-Signature"],
        body=body,
    )
    return verify(load_public_key(public_pem), delivery)


class _Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    paths: list[str] = []

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_drive_sends_each_request_once_and_measures_each_answer() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wanted = [f"/{number}" for number in range(50)]
    try:
        measured = drive(server.server_port, [get_request(path) for path in wanted], connections=4)
    finally:
        server.shutdown()
        server.server_close()

    assert sorted(_Counting.paths) == sorted(wanted)
    assert (len(measured.latencies), measured.statuses) == (50, Counter({200: 50}))
