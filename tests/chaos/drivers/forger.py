"""Whoever replays here what Kick signed for somebody else: all apps share Kick's one key."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from platforms.kick.protocol import signatures
from tests.chaos.workload import Workload
from tests.chaos.world import ClaimToMake

# So many of their claims for each of ours.
SHARE = 0.05
AT_ONCE = 16
BROADCASTER = {"user_id": 7, "username": "nova", "is_anonymous": False}
OTHER_EVENTS = (
    {"broadcaster": BROADCASTER, "follower": {"user_id": 8}},
    {"broadcaster": BROADCASTER, "is_live": True, "title": "Launch week"},
    {"broadcaster": BROADCASTER, "message_id": "unique", "content": "hello"},
    {"claim_id": "01K0000000000000000000000"},
    ["a list"],
)


def replay_foreign(workload: Workload) -> None:
    """Claims of another organization, again and again, and bodies of Kick's other events."""
    # The local Kick makes its key when it is first asked for.
    requests.get(f"{workload.kick.url}/public/v1/public-key", timeout=5)
    dice = workload.dice("forger")
    everything = [
        ClaimToMake(user, pair) for user in workload.world.viewers for pair in workload.world.theirs
    ]
    count = min(len(everything), max(10, int(workload.options.claims * SHARE)))
    claims = dice.sample(everything, count)
    made: list[str] = []
    bodies = cycle(OTHER_EVENTS)
    while not workload.is_over:
        due = min(AT_ONCE, int(workload.progress * count) - len(made))
        made += workload.claim([claims.pop() for _ in range(due) if claims])
        if made:
            workload.deliver_again(dice.choice(made))
        _post_event(workload, next(bodies), message_id=f"event-{dice.getrandbits(40)}")
        workload.rest(workload.options.seconds / count)


def _post_event(workload: Workload, event: object, *, message_id: str) -> None:
    body = json.dumps(event).encode()
    timestamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    key = _platform_key(workload.place.var_dir / "local-kick.sqlite3")
    signature = signatures.sign(key, message_id=message_id, timestamp=timestamp, body=body)
    headers = {
        signatures.SIGNATURE_HEADER: signature,
        signatures.MESSAGE_ID_HEADER: message_id,
        signatures.TIMESTAMP_HEADER: timestamp,
    }
    url = f"{workload.place.web_url}/webhooks/kick/drops"
    try:
        answer = requests.post(url, data=body, headers=headers, timeout=5)
    except requests.RequestException:
        return
    workload.count("other events sent here")
    if answer.ok and "ignored" not in answer.text:
        workload.count("other events accepted")


def _platform_key(database: Path) -> RSAPrivateKey:
    """The one that signs the events which anybody can collect from Kick."""
    for pem in _newest_key(database):
        key = load_pem_private_key(pem.encode(), password=None)
        assert isinstance(key, RSAPrivateKey)
        return key
    raise LookupError("The local Kick has no key yet.")


def _newest_key(database: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as kick:
        query = "SELECT private_pem FROM local_kick_signingkey ORDER BY id DESC LIMIT 1"
        for (pem,) in kick.execute(query):
            yield str(pem)
