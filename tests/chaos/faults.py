"""Which fault strikes when. The seed decides, so that a run can be repeated."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.chaos.deployment import Deployment
from tests.chaos.fleet import Fleet
from tests.chaos.workload import Workload

KILLED = ("web", "worker", "scheduler", "postgresql")
# Each is killed once in this many seconds, and at least twice.
SECONDS_BETWEEN_KILLS = 35
KEY_ROTATIONS = 2
# Kick's API changes its behaviour this often. The last one lasts until the workload is over.
BEHAVIOURS = 22
REDEMPTIONS = "/public/v1/channels/rewards/redemptions"
CLAIMS = "/public/v1/drops/claims"
WEBHOOK_FAULTS = {
    "drop": 0.2,
    "duplicate": 0.2,
    "delay": {"share": 0.05, "seconds": 1.5},
    "reorder": 0.1,
    "cut": 0.05,
    "twin": 0.1,
}
# A forged signature makes the product fetch the key, at most every five seconds: a key rotated
# meanwhile isn't known until these are over. So forgeries come last.
CORRUPTED = {"corrupt": 0.05}
CORRUPTED_FROM = 20
API_BEHAVIOURS: tuple[list[dict[str, Any]], ...] = (
    [],
    [{"path_prefix": CLAIMS, "status": 500}],
    [{"path_prefix": CLAIMS, "status": 429, "retry_after": 1, "share": 0.7}],
    [{"path_prefix": CLAIMS, "method": "GET", "truncate": True, "share": 0.6}],
    [{"path_prefix": CLAIMS, "slow_seconds": 3, "share": 0.5}],
    [{"path_prefix": CLAIMS, "method": "PATCH", "status": 502, "share": 0.7}],
    [{"path_prefix": "/oauth/", "status": 500, "share": 0.5}],
    [{"path_prefix": "/", "block": "json"}],
    [{"path_prefix": "/public/", "block": "html", "share": 0.5}],
    [{"path_prefix": CLAIMS, "status": 429, "share": 0.3}],
    [{"path_prefix": CLAIMS, "status": 401, "count": 1}],
    [{"path_prefix": "/public/v1/users", "truncate": True, "share": 0.5}],
    [{"path_prefix": REDEMPTIONS, "method": "POST", "truncate": True, "share": 0.6}],
    [{"path_prefix": REDEMPTIONS, "status": 500, "share": 0.7}],
    # Meanwhile, granted redemptions wait for our answer, and the streamer answers some by hand.
    *[[{"path_prefix": f"{REDEMPTIONS}/", "method": "POST", "status": 503}]] * 3,
    [{"path_prefix": REDEMPTIONS, "slow_seconds": 2, "share": 0.5}],
    [{"path_prefix": REDEMPTIONS, "status": 401, "count": 1}],
)
# What Kick leaves open about its pages, every reading once.
READINGS = (
    {"claims_order": "shuffled", "cursor": "next", "last_cursor": "last", "page_cap": 500},
    {
        "claims_order": "descending",
        "cursor": "inclusive",
        "last_cursor": "empty",
        "filter": "after",
        "repeats": 7,
    },
    {"claims_order": "created", "cursor": "exclusive", "last_cursor": "null"},
)


@dataclass(frozen=True, slots=True)
class Fault:
    at: float
    """A share of the run, 0 to 1."""
    name: str
    strike: Callable[[], object]


class FaultSchedule:
    """The faults of one run. Call `strike_due` in the main thread's loop."""

    def __init__(self, workload: Workload, deployment: Deployment, fleet: Fleet) -> None:
        self._workload, self._deployment, self._fleet = workload, deployment, fleet
        self._dice = workload.dice("faults")
        self._left = sorted(self._faults(), key=lambda fault: fault.at, reverse=True)

    def strike_due(self) -> None:
        while self._left and self._left[-1].at <= self._workload.progress:
            fault = self._left.pop()
            if fault.strike() is False:  # It is away just now: a little later, then.
                self._left.append(Fault(fault.at + 0.02, fault.name, fault.strike))
                self._left.sort(key=lambda one: one.at, reverse=True)
            else:
                self._workload.count(f"faults: {fault.name}")

    def clear(self) -> None:
        self._workload.kick.clear_faults()

    def _faults(self) -> Iterator[Fault]:
        yield from self._kills()
        yield from self._behaviours()
        for number in range(KEY_ROTATIONS):
            at = (number + self._dice.uniform(0.3, 0.6)) / KEY_ROTATIONS
            yield Fault(at, "key rotated", self._workload.kick.rotate_key)

    def _kills(self) -> Iterator[Fault]:
        names = (*KILLED, "broker") if self._deployment.broker else KILLED
        times = max(2, round(self._workload.options.seconds / SECONDS_BETWEEN_KILLS))
        for name in names:
            for number in range(times):
                at = (number + self._dice.uniform(0.1, 0.9)) / times
                yield Fault(at, f"kill -9 {name}", self._killer(name))
        yield Fault(self._dice.uniform(0.3, 0.8), "broker wiped", self._wipe_broker)

    def _killer(self, name: str) -> Callable[[], bool]:
        return lambda: self._fleet.kill(name)

    def _wipe_broker(self) -> bool:
        if self._deployment.broker:
            return self._fleet.kill("broker", before_restart=self._deployment.wipe_broker)
        self._deployment.wipe_broker()
        return True

    def _behaviours(self) -> Iterator[Fault]:
        behaviours = [
            *API_BEHAVIOURS,
            *self._dice.choices(API_BEHAVIOURS[1:], k=BEHAVIOURS - len(API_BEHAVIOURS)),
        ]
        self._dice.shuffle(behaviours)
        for number, behaviour in enumerate(behaviours):
            corrupted = CORRUPTED if number >= CORRUPTED_FROM else {}
            faults = {
                "webhook": WEBHOOK_FAULTS | corrupted,
                "api": behaviour,
                "seed": self._dice.getrandbits(30),
                **READINGS[number % len(READINGS)],
            }
            yield Fault(number / BEHAVIOURS, "API behaviour", self._setter(faults))

    def _setter(self, faults: dict[str, Any]) -> Callable[[], object]:
        return lambda: self._workload.kick.set_faults(**faults)


def pauses(dice: random.Random) -> Callable[[], float]:
    """How long a killed process stays away, in seconds."""
    return lambda: dice.uniform(0.3, 2.0)
