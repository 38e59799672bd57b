"""What the drivers share while faults strike: the time, the claims left, what they were told."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.demo.environment import Environment
from tests.chaos.facts import HandedOut
from tests.chaos.options import Options
from tests.chaos.world import ClaimBook, ClaimToMake, World, as_call
from tests.local_kick_process import LocalKick


@dataclass
class Workload:
    options: Options
    place: Environment
    kick: LocalKick
    world: World
    book: ClaimBook
    api_key: str
    began: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    # Claims whose webhook was answered with 200, until the invariant checker has looked for them.
    _acknowledged: list[str] = field(default_factory=list)
    # For each item (claim and sku) that a game server was told to hand out, under which ids.
    handed_out: HandedOut = field(default_factory=dict)

    @property
    def progress(self) -> float:
        """From 0 to 1, and beyond when claims take longer to make than was planned."""
        return (time.monotonic() - self.began) / self.options.seconds

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def end(self) -> None:
        self._over.set()

    def rest(self, seconds: float) -> bool:
        """Wait; True when the workload is over."""
        return self._over.wait(seconds)

    def dice(self, name: str) -> random.Random:
        """A driver's own, so that threads do not take from one another's."""
        return random.Random(f"{self.options.seed} {name}")

    def count(self, name: str, by: int = 1) -> None:
        with self._lock:
            self.counts[name] += by

    def claim(self, claims: Sequence[ClaimToMake]) -> list[str]:
        """Make these at Kick, which delivers them at once. Returns their ids."""
        if not claims:
            return []
        made = self.kick.call("POST", "claims", as_call(claims))["claims"]
        self.note_deliveries(delivery for claim in made for delivery in claim["deliveries"])
        return [str(claim["claim_id"]) for claim in made]

    def deliver_again(self, claim_id: str) -> None:
        self.note_deliveries(self.kick.deliver(claim_id))
        self.count("webhooks sent again")

    def note_deliveries(self, deliveries: Iterable[dict[str, Any]]) -> None:
        answered = [one["claim_id"] for one in deliveries if one["status"] == 200]
        with self._lock:
            self._acknowledged += answered

    def take_acknowledged(self) -> list[str]:
        with self._lock:
            taken, self._acknowledged = self._acknowledged, []
            return taken

    def note_hand_out(self, items: Iterable[tuple[str, str]], fulfilment_id: str) -> None:
        with self._lock:
            for item in items:
                self.handed_out.setdefault(item, set()).add(fulfilment_id)
