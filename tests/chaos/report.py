"""What a run prints."""

from collections.abc import Callable

from tests.chaos.facts import Facts
from tests.chaos.final_checks import Check, outside_of_links
from tests.chaos.fleet import Fleet
from tests.chaos.invariants import InvariantChecker
from tests.chaos.link_intervals import NO_TIME
from tests.chaos.options import Options
from tests.chaos.quiesce import Quiescence
from tests.chaos.workload import Workload

NAMED_AT_MOST = 5
Say = Callable[[str], None]


def say_what_happened(workload: Workload, fleet: Fleet, facts: Facts, *, say: Say) -> None:
    say("")
    say("What happened")
    for name, count in sorted(workload.counts.items()):
        say(f"{count:9,}  {name}")
    for name, count in sorted(fleet.own_ends.items()):
        say(f"{count:9,}  times {name} ended by itself and was started again")
    _say_claims(facts, say)


def _say_claims(facts: Facts, say: Say) -> None:
    counts = {
        "claims made at Kick": len(facts.kick_claims),
        "webhooks sent": len(facts.deliveries),
        "of them answered with 200": sum(one.status == 200 for one in facts.deliveries),
        "claims that came by webhook": sum(one.path == "WEBHOOK" for one in facts.claims),
        "claims that only Kick's API brought": sum(one.path == "SYNC" for one in facts.claims),
        "claims granted": sum(one.status == "GRANTED" for one in facts.claims),
        "claims held": sum(one.status == "HELD" for one in facts.claims),
        "redemptions accepted": _redemptions(facts, "accepted"),
        "redemptions rejected": _redemptions(facts, "rejected"),
        "entitlements": len(facts.owed),
        "of them handed out": sum(one.status == "FULFILLED" for one in facts.owed),
    }
    for name, count in counts.items():
        say(f"{count:9,}  {name}")
    outside = max((distance for _, distance in outside_of_links(facts)), default=NO_TIME)
    say(f"{outside.total_seconds():9.3f}  s at most between a grant and its link, by the clock")


def _redemptions(facts: Facts, status: str) -> int:
    return sum(one.status == status for one in facts.points.redemptions)


def say_checks(checks: list[Check], invariants: InvariantChecker, *, say: Say) -> None:
    say("")
    say("In the end")
    for check in checks:
        _say_check(check.name, check.looked_at, check.wrong, say)
    say("")
    say("At every moment (times looked)")
    for promise, seen in invariants.seen.items():
        _say_check(f"never {promise}", invariants.looks[promise], sorted(seen), say)


def _say_check(name: str, looked_at: int, wrong: list[str], say: Say) -> None:
    say(f"{'  ok' if not wrong else 'FAIL'} {looked_at:8,}  {name}")
    for one in wrong[:NAMED_AT_MOST]:
        say(f"              {one}")
    if len(wrong) > NAMED_AT_MOST:
        say(f"              and {len(wrong) - NAMED_AT_MOST:,} more")


def say_end(options: Options, quiescence: Quiescence, *, faults: list[str], say: Say) -> None:
    say("")
    if quiescence.is_reached:
        say(f"Nothing changed any more {quiescence.converged_after:.0f} s after the last fault.")
    else:
        say(f"IT NEVER SETTLED: something still changed after {quiescence.waited:.0f} s.")
    for fault in faults:
        say(f"FAIL {fault}")
    say(f"To run this again: {options.command}")
