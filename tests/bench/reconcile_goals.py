"""W5, R3 and R4: sweeps of the local Kick, beside the webhook and beside a mere fetch."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from claims.models import Claim
from tests.bench.goals import Goal, Result, ratios
from tests.bench.harness import Harness, say
from tests.bench.load import Measured, drive
from tests.bench.programs import REPOSITORY
from tests.bench.rows import forget_claims, make_linked_viewers
from tests.bench.sweeping import CLIENT_ID, CLIENT_SECRET, kick_api
from tests.local_kick_process import LocalKick, start_local_kick

MIBIBYTES = 16.0
BEGINS_WITHIN_SECONDS = 30.0
PER_CALL = 100_000
KICKS_NICENESS = 10
# Beyond the players of the webhook's claims.
FIRST_PLAYER = 100_000_000


def w5(harness: Harness) -> list[Result]:
    goal = Goal(
        "W5",
        "99th percentile while reconcile records claims, against its own at rest, 8 connections",
        2.0,
        at_least=False,
    )
    local_kick = crowded_local_kick(harness, harness.scale.swept)
    harness.warm_up(harness.product)
    forget_claims()
    say("W5: the webhook at rest")
    at_rest = [_deliver(harness, number) for number in range(harness.scale.rounds)]
    forget_claims()
    say("W5: the webhook while reconcile records")
    with _sweeping(local_kick) as sweep:
        beside = [_deliver(harness, number) for number in range(harness.scale.rounds)]
        was_beside = sweep.poll() is None
        recorded = Claim.objects.filter(path=Claim.Path.SYNC).count()
        say("W5: waiting for the sweep's end")
        sweep.communicate()
    slowest, slow = ([run.percentile(0.99) for run in runs] for runs in (beside, at_rest))
    note = (
        f"{min(slowest) * 1000:.1f} to {min(slow) * 1000:.1f} ms; {recorded:,} recorded meanwhile"
    )
    if not was_beside:
        return [Result(goal, note="the sweep was over before the webhook was measured")]
    return [Result(goal, ratios(slowest, slow), note)]


def _deliver(harness: Harness, number: int) -> Measured:
    """Each round has claims of its own, so that nothing is deleted beside the sweep."""
    share = harness.scale.claims // harness.scale.rounds
    claims = harness.measured_claims[number * share : (number + 1) * share]
    return drive(harness.product.port, claims, connections=8, seconds=harness.scale.seconds).expect(
        200
    )


@contextmanager
def _sweeping(local_kick: LocalKick) -> Iterator["subprocess.Popen[str]"]:
    process = _start("sweep", local_kick)
    deadline = time.monotonic() + BEGINS_WITHIN_SECONDS
    while not Claim.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _start(what: str, local_kick: LocalKick) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sweeping", what, local_kick.url],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )


def r3_and_r4(harness: Harness) -> list[Result]:
    swept = f"{harness.scale.swept:,} known claims"
    r3 = Goal("R3", f"a sweep of {swept}, against only fetching and decoding them", 0.7)
    r4 = Goal("R4", f"growth of memory in it ({swept})", MIBIBYTES, at_least=False, unit=" MiB")
    local_kick = crowded_local_kick(harness, harness.scale.swept)
    say(f"R3, R4: making {swept}")
    run_sweeping("sweep", local_kick)
    fetches, sweeps = [], []
    for _ in range(max(1, harness.scale.rounds // 3)):
        say("R3, R4: fetch, then sweep")
        fetches.append(run_sweeping("fetch", local_kick))
        sweeps.append(run_sweeping("sweep", local_kick))
    seconds = [[run["seconds"] for run in side] for side in (fetches, sweeps)]
    per_second = harness.scale.swept / min(seconds[1])
    growth = [run["growth"] for run in sweeps]
    return [
        Result(r3, ratios(*seconds), f"{per_second:,.0f} claims a second"),
        Result(r4, growth, f"{max(run['growth'] for run in fetches):.1f} MiB when only fetching"),
    ]


def run_sweeping(what: str, local_kick: LocalKick) -> dict[str, float]:
    """Run `tests.bench.sweeping` to its end: its `seconds`, `pages`, `claims` and `growth`, MiB."""
    process = _start(what, local_kick)
    output, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, f"sweeping {what}")
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


@cache
def crowded_local_kick(harness: Harness, claims: int) -> LocalKick:
    """A local Kick with claims of viewers who are all linked here. Stopped with the harness."""
    say(f"making {claims:,} claims at the local Kick")
    local_kick = start_local_kick(harness.directory / "local-kick.sqlite3")
    harness.at_the_end(local_kick.stop)
    # Kick has machines of its own; here it shares the cores of those whom it serves.
    os.setpriority(os.PRIO_PROCESS, local_kick.process.pid, KICKS_NICENESS)
    local_kick.register_app(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    campaign = local_kick.save_campaign(
        rewards=[{"name": "Bench cape", "external_id": "bench-cape", "required_minutes": 1}]
    )
    for first in range(0, claims, PER_CALL):
        count = min(PER_CALL, claims - first)
        crowd = local_kick.claim(
            campaign_id=campaign["campaign_id"],
            reward_id=campaign["rewards"][0]["reward_id"],
            count=count,
            deliver=False,
            force=True,
        )
        make_linked_viewers(
            count,
            first=FIRST_PLAYER + first,
            first_user_id=_user_id_of(crowd["first_claim_id"], local_kick),
        )
    return local_kick


def _user_id_of(claim_id: str, local_kick: LocalKick) -> int:
    """The first of a crowd; the user ids of the others follow it."""
    (page,) = kick_api(local_kick.url).iter_claims(claim_id=claim_id)
    return int(page.claims[0].payload.user_id)


MEASURES: dict[tuple[str, ...], Callable[[Harness], list[Result]]] = {
    ("W5",): w5,
    ("R3", "R4"): r3_and_r4,
}
