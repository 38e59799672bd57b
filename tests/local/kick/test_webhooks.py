import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.kick.receiver import Receiver, running_receiver
from tests.local.kick.world import World
from tests.local_kick_process import LocalKick


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def listening(local_kick: LocalKick, receiver: Receiver) -> World:
    """A world whose organization's webhook is the receiver."""
    return World.build(local_kick, webhook_url=receiver.url)


def claim_by_crowd(world: World, count: int) -> list[dict[str, Any]]:
    answer = world.kick.claim(**world.pair, count=count, force=True)
    return list(answer["claims"])


def public_key(world: World) -> str:
    return str(world.call("GET", "/public/v1/public-key").json()["data"]["public_key"])


def test_webhook_is_signed_with_the_three_headers(listening: World, receiver: Receiver) -> None:
    user_id = listening.kick.make_viewer("Max", user_id=2**64 - 1)

    listening.kick.claim(**listening.pair, user_id=user_id, force=True)

    [(headers, body)] = receiver.requests
    kick_headers = {name for name in headers if name.lower().startswith("kick-")}
    assert kick_headers == {
        "Kick-Event-Signature", "Kick-Event-Message-ID", "Kick-Event-Timestamp"
    }  # fmt: skip
    assert headers["Content-Type"] == "application/json"
    assert b'"user_id":18446744073709551615' in body
    assert json.loads(body).keys() == {
        "claim_id", "user_id", "campaign_id", "reward_id", "external_id"
    }  # fmt: skip
    assert receiver.verdicts(public_key(listening)) == [True]


def test_webhook_without_external_id(listening: World, receiver: Receiver) -> None:
    rewards = [{"name": "Plain", "required_minutes": 1}]
    campaign = listening.kick.save_campaign(name="Plain", rewards=rewards)

    listening.kick.claim(
        campaign_id=campaign["campaign_id"],
        reward_id=campaign["rewards"][0]["reward_id"],
        count=1,
        force=True,
    )

    assert b"external_id" not in receiver.bodies[0]


def test_webhook_after_rotation(listening: World, receiver: Receiver) -> None:
    old = public_key(listening)
    new = listening.kick.rotate_key()

    claim_by_crowd(listening, 1)

    assert receiver.verdicts(old) == [False]
    assert receiver.verdicts(new) == [True]


def test_webhook_is_recorded(listening: World, receiver: Receiver) -> None:
    receiver.status, receiver.answer = 503, b"x" * 400

    [made] = claim_by_crowd(listening, 1)

    [delivery] = listening.kick.deliveries()
    assert [delivery] == made["deliveries"]
    assert delivery["status"] == 503
    assert delivery["answer"] == "x" * 300
    assert delivery["ms"] > 0
    assert len(receiver.requests) == 1  # like Kick, no retry


def test_webhook_nobody_listens(world: World) -> None:
    world.kick.register_app(webhook_url="http://127.0.0.1:1/")

    [made] = claim_by_crowd(world, 1)

    [delivery] = made["deliveries"]
    assert delivery["status"] is None
    assert "ConnectionRefusedError" in delivery["answer"]


def test_webhook_waits_three_seconds(listening: World, receiver: Receiver) -> None:
    receiver.gate = threading.Event()

    [made] = claim_by_crowd(listening, 1)

    receiver.gate.set()
    [delivery] = made["deliveries"]
    assert delivery["status"] is None
    assert "TimeoutError" in delivery["answer"]
    assert 2900 < delivery["ms"] < 9000  # the receiver would answer after ten seconds


def test_webhooks_of_a_crowd_are_concurrent(listening: World, receiver: Receiver) -> None:
    claims = claim_by_crowd(listening, 60)

    assert len(receiver.requests) == 60
    assert {len(made["deliveries"]) for made in claims} == {1}
    assert all(receiver.verdicts(public_key(listening)))


def test_redelivery_with_the_same_message_id(listening: World, receiver: Receiver) -> None:
    [made] = claim_by_crowd(listening, 1)
    [first] = made["deliveries"]

    [again] = listening.kick.deliver(made["claim_id"], message_id=first["message_id"])
    [fresh] = listening.kick.deliver(made["claim_id"])

    assert again["message_id"] == first["message_id"] != fresh["message_id"]
    assert len(set(receiver.bodies)) == 1
    assert receiver.verdicts(public_key(listening)) == [True, True, True]


def test_fault_drop(listening: World, receiver: Receiver) -> None:
    listening.kick.set_faults(webhook={"drop": 1})

    [made] = claim_by_crowd(listening, 1)

    assert receiver.requests == []
    assert made["deliveries"][0]["fault"] == "drop"
    assert made["deliveries"][0]["status"] is None


def test_fault_duplicate(listening: World, receiver: Receiver) -> None:
    listening.kick.set_faults(webhook={"duplicate": 1})

    [made] = claim_by_crowd(listening, 1)

    assert len(receiver.requests) == 2
    assert len({delivery.message_id for delivery in receiver.deliveries()}) == 1
    assert [delivery["status"] for delivery in made["deliveries"]] == [200, 200]


def test_fault_corrupt(listening: World, receiver: Receiver) -> None:
    listening.kick.set_faults(webhook={"corrupt": 1})

    [made] = claim_by_crowd(listening, 1)

    assert receiver.verdicts(public_key(listening)) == [False]
    assert json.loads(receiver.bodies[0])["claim_id"] != made["claim_id"]


def test_fault_cut(listening: World, receiver: Receiver) -> None:
    listening.kick.set_faults(webhook={"cut": 1})

    [made] = claim_by_crowd(listening, 1)

    assert made["deliveries"][0]["status"] is None
    assert "cut on purpose" in made["deliveries"][0]["answer"]


def test_fault_reorder(listening: World, receiver: Receiver) -> None:
    listening.kick.set_faults(webhook={"reorder": 1})

    claims = claim_by_crowd(listening, 40)

    arrived = [json.loads(body)["claim_id"] for body in receiver.bodies]
    assert {made["deliveries"][0]["answer"] for made in claims} == {"ok"}
    assert set(arrived) == {made["claim_id"] for made in claims}
    ranks = [sorted(arrived).index(claim_id) for claim_id in arrived]
    assert sum(ranks[:20]) > sum(ranks[20:])


def test_fault_delay(listening: World, receiver: Receiver) -> None:
    listening.kick.set_faults(webhook={"delay": {"share": 1, "seconds": 0.2}})

    [made] = claim_by_crowd(listening, 1)

    assert made["deliveries"][0]["fault"] == "delay"
    assert made["deliveries"][0]["status"] == 200


def test_fault_shares_repeat_with_the_seed(listening: World, receiver: Receiver) -> None:
    def faults_of_thirty() -> list[str]:
        listening.kick.set_faults(webhook={"drop": 0.3, "corrupt": 0.3}, seed=7)
        return [made["deliveries"][0]["fault"] for made in claim_by_crowd(listening, 30)]

    first, second = faults_of_thirty(), faults_of_thirty()

    assert first == second
    assert set(first) == {"", "drop", "corrupt"}
