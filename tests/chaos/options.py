"""What a run is asked to do."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

# How long everything may take to settle, in seconds, once the faults are over. Catch-up rests nine
# times as long as it took, and takes long where tens of thousands of claims wait for their players.
SETTLES_WITHIN = 900.0


@dataclass(frozen=True, slots=True)
class Options:
    claims: int
    seed: int
    minutes: float
    speed: float
    sweeps: bool
    keep_logs: bool

    @property
    def seconds(self) -> float:
        return self.minutes * 60

    @property
    def command(self) -> str:
        """What to type to run this again."""
        sweeps = "" if self.sweeps else " SWEEPS=0"
        return (
            f"make chaos N={self.claims} SEED={self.seed} MINUTES={self.minutes:g}"
            f" SPEED={self.speed:g}{sweeps}"
        )


def read_options(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Make claims while everything fails; see that each arrives exactly once.",
    )
    parser.add_argument("--claims", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--seed", type=int, default=1, help="of every choice that is made (1)")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long faults strike (2)")
    parser.add_argument(
        "--speed", type=float, default=6.0, help="how much faster the schedule runs (6)"
    )
    parser.add_argument("--no-sweeps", dest="sweeps", action="store_false", help="catch-up alone")
    parser.add_argument("--keep-logs", action="store_true", help="also when everything holds")
    given = parser.parse_args(arguments)
    if given.claims < 50 or given.minutes < 0.2 or given.speed <= 0:
        parser.error("ask for 50 claims, 0.2 minutes and a speed above 0 at least")
    return Options(**vars(given))
