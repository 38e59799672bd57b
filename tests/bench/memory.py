"""R4 beyond the table: whether a sweep's memory stays flat over ten times as many claims."""

from tests.bench.harness import Harness, say
from tests.bench.reconcile_goals import MIBIBYTES, crowded_local_kick, run_sweeping

TIMES = 10


def run(harness: Harness) -> int:
    """All of the claims are new, so that every page is recorded. 1 if memory grew beyond R4."""
    claims = harness.scale.swept * TIMES
    local_kick = crowded_local_kick(harness, claims)
    say(f"sweeping {claims:,} new claims")
    swept = run_sweeping("sweep", local_kick)
    print(
        f"{swept['claims']:,.0f} claims in {swept['pages']:,.0f} pages and {swept['seconds']:.0f} s"
        f" ({swept['claims'] / swept['seconds']:,.0f} a second); memory grew by"
        f" {swept['growth']:.2f} MiB after the first pages (R4: at most {MIBIBYTES:g})"
    )
    return 1 if swept["growth"] > MIBIBYTES else 0
