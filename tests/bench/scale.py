"""How much of everything a run does. The quick form is a sanity check; its figures are rough."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    name: str
    rounds: int
    seconds: float
    claims: int
    """Distinct signed claims; a side that is through with them early has been measured."""
    pages: int
    """Pages of 1,000 that are recorded for each of R1 and R2."""
    swept: int
    """Claims in the local Kick for R3 and R4, and what is reconciled during W5."""
    entitlements: int
    """Rows of the large table of E1; the small one has 10,000."""
    listings: int
    """Requests of each listing."""
    desk_claims: int
    """Claims of the large database of D1 to D4; the small one has 10,000."""
    desk_rounds: int


QUICK = Scale(
    "quick",
    rounds=2,
    seconds=1.2,
    claims=6_000,
    pages=20,
    swept=40_000,
    entitlements=200_000,
    listings=1_500,
    desk_claims=50_000,
    desk_rounds=3,
)
FULL = Scale(
    "full",
    rounds=5,
    seconds=3.0,
    claims=20_000,
    pages=40,
    swept=1_000_000,
    entitlements=10_000_000,
    listings=10_000,
    desk_claims=1_000_000,
    desk_rounds=7,
)
