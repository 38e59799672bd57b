"""W1 to W4: the claim webhook beside its floor and its peers."""

from collections.abc import Callable, Sequence

from tests.bench.goals import Goal, Result, ratios
from tests.bench.harness import Harness, say
from tests.bench.load import Measured, Stream, drive, drive_together
from tests.bench.peers.install import PeerMissing
from tests.bench.programs import Program, StartFailed
from tests.bench.rows import forget_claims
from tests.bench.traffic import forged_claims, small_forged_claims

CONNECTIONS = (8, 32)
P99 = 0.99

Sides = dict[str, list[Measured]]


def w1_and_w2(harness: Harness) -> list[Result]:
    programs, missing = _programs(harness)
    _print_ceiling(harness)
    results: list[Result] = []
    for connections in CONNECTIONS:
        say(f"W1, W2: {', '.join(programs)} at {connections} connections")
        sides = _take_turns(harness, programs, connections)
        results += _throughput(sides, missing, connections)
        results.append(_slowest(sides, connections))
    return results


def _programs(harness: Harness) -> tuple[dict[str, Program], dict[str, str]]:
    """The sides that can be run here, and why the others cannot."""
    programs: dict[str, Program] = {}
    missing: dict[str, str] = {}
    for name in ("floor", "product", "fastapi", "express"):
        try:
            programs[name] = getattr(harness, name)
        except (PeerMissing, StartFailed) as error:
            missing[name] = str(error)
        else:
            harness.warm_up(programs[name])
    return programs, missing


def _print_ceiling(harness: Harness) -> None:
    """How far the load generator itself goes: it must be no bottleneck."""
    for connections in CONNECTIONS:
        idle = drive(
            harness.nothing.port,
            harness.measured_claims,
            connections=connections,
            seconds=harness.scale.seconds,
        )
        say(f"a server that does nothing: {idle.rate:,.0f} a second at {connections} connections")


def _take_turns(harness: Harness, programs: dict[str, Program], connections: int) -> Sides:
    """Each round measures all sides, in an order that turns, from an empty ledger each."""
    sides: Sides = {name: [] for name in programs}
    order = list(programs)
    for _ in range(harness.scale.rounds):
        for name in order:
            sides[name].append(_deliver(harness, programs[name], connections))
        order = order[1:] + order[:1]
    return sides


def _deliver(harness: Harness, program: Program, connections: int) -> Measured:
    forget_claims()
    seconds = harness.scale.seconds
    claims = harness.measured_claims
    return drive(program.port, claims, connections=connections, seconds=seconds).expect(200)


def _throughput(sides: Sides, missing: dict[str, str], connections: int) -> list[Result]:
    at = f"at {connections} connections"
    goals = {
        "floor": Goal(f"W1/{connections}", f"claims a second, against the floor, {at}", 0.75),
        "fastapi": Goal(f"W1/{connections}f", f"against FastAPI with SQLAlchemy, {at}", 2.5),
        "express": Goal(f"W1/{connections}e", f"against Express, a usual transaction, {at}", 1.25),
    }
    rates = {name: [measured.rate for measured in side] for name, side in sides.items()}
    return [
        Result(goal, note=missing[name])
        if name in missing
        else Result(goal, ratios(rates["product"], rates[name]), _figures(rates, name))
        for name, goal in goals.items()
    ]


def _figures(rates: dict[str, list[float]], name: str) -> str:
    return f"{max(rates['product']):,.0f} to {max(rates[name]):,.0f} a second"


def _slowest(sides: Sides, connections: int) -> Result:
    goal = Goal(
        f"W2/{connections}",
        f"99th percentile, against the floor's, at {connections} connections",
        1.5,
        at_least=False,
    )
    product, floor = ([run.percentile(P99) for run in sides[name]] for name in ("product", "floor"))
    note = f"{min(product) * 1000:.1f} to {min(floor) * 1000:.1f} ms"
    return Result(goal, ratios(product, floor), note)


def w3(harness: Harness) -> list[Result]:
    """The same claims once more, right after they were new."""
    goal = Goal("W3", "redelivered claims a second, against new ones, at 8 connections", 1.2)
    harness.warm_up(harness.product)
    new, known = [], []
    for _ in range(harness.scale.rounds):
        say("W3: new, then known")
        new.append(_deliver(harness, harness.product, 8))
        again = harness.claims[: len(new[-1].latencies)]
        known.append(drive(harness.product.port, again, connections=8).expect(200))
    return [_rates(goal, known, new)]


def _rates(goal: Goal, ones: Sequence[Measured], others: Sequence[Measured]) -> Result:
    one, other = [run.rate for run in ones], [run.rate for run in others]
    return Result(goal, ratios(one, other), f"{max(one):,.0f} to {max(other):,.0f} a second")


def w4(harness: Harness) -> list[Result]:
    harness.warm_up(harness.product)
    return [_refusing(harness), _flooded(harness)]


def _refusing(harness: Harness) -> Result:
    goal = Goal("W4", "forged deliveries a second, against valid ones, at 8 connections", 3.0)
    forgeries = small_forged_claims(harness.measured_claims)
    valid, forged = [], []
    for _ in range(harness.scale.rounds):
        say("W4: valid, then forged")
        valid.append(_deliver(harness, harness.product, 8))
        port, seconds = harness.product.port, harness.scale.seconds
        forged.append(drive(port, forgeries, connections=8, seconds=seconds).expect(401))
    return _rates(goal, forged, valid)


def _flooded(harness: Harness) -> Result:
    """Both streams come from processes of their own, also when there is one alone."""
    goal = Goal("W4/flood", "of valid throughput kept under 8 connections of forged 64 KiB", 0.6)
    port, seconds = harness.product.port, harness.scale.seconds
    flood = Stream(port, forged_claims(40) * 2000, 8, seconds)
    valid = Stream(port, harness.measured_claims, 8, seconds)
    alone, beside, refused = [], [], []
    for _ in range(harness.scale.rounds):
        say("W4: valid alone, then beside a flood of 64 KiB forgeries")
        forget_claims()
        alone.append(drive_together(valid)[0].expect(200))
        forget_claims()
        kept, forged = drive_together(valid, flood)
        beside.append(kept.expect(200))
        refused.append(forged.expect(401).rate)
    shares = ratios([run.rate for run in beside], [run.rate for run in alone])
    return Result(goal, shares, f"beside {max(refused):,.0f} forgeries a second")


MEASURES: dict[tuple[str, ...], Callable[[Harness], list[Result]]] = {
    ("W1", "W2"): w1_and_w2,
    ("W3",): w3,
    ("W4",): w4,
}
