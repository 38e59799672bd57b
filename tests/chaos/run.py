"""One run, from an empty directory to the final checks, with the deployment's Django settings."""

import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import requests
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from claims.api_keys import make_api_key
from local.demo.supervisor import Program
from tests.chaos import redemptions, report, world
from tests.chaos.deployment import Deployment
from tests.chaos.drivers.forger import replay_foreign
from tests.chaos.drivers.game_server import hand_out_items
from tests.chaos.drivers.ops import map_late_rewards
from tests.chaos.drivers.players import link_and_unlink
from tests.chaos.drivers.viewers import claim_rewards
from tests.chaos.facts import read_facts
from tests.chaos.faults import FaultSchedule, pauses
from tests.chaos.final_checks import check_all
from tests.chaos.fleet import Fleet, Process, starter
from tests.chaos.invariants import InvariantChecker
from tests.chaos.options import Options
from tests.chaos.quiesce import wait_until_quiet
from tests.chaos.workload import Workload
from tests.local_kick_process import LocalKick

READY_WITHIN = 60.0
CLAIMERS, HOUSEHOLDS, GAME_SERVERS, REDEEMERS = 4, 4, 2, 6
# Claims that are still to be made when the time is up are made in as long again, twice.
LATE_BY_AT_MOST = 3.0

Say = Callable[[str], None]


class NeverReady(Exception):
    """A part of the system did not come up; its log says why."""


def run(options: Options, deployment: Deployment, *, say: Say) -> bool:
    """Whether everything held."""
    fleet = Fleet(pause=pauses(random.Random(f"{options.seed} pauses")))
    with ExitStack() as stack:
        stack.callback(deployment.keep_postgresql_log)
        stack.callback(fleet.stop)
        workload = _set_up(options, deployment, fleet, say=say)
        invariants = InvariantChecker(workload)
        faults = _run_workload(workload, deployment, fleet, invariants, say=say)
        say("The faults are over; waiting until nothing changes any more")
        quiescence = wait_until_quiet(workload.kick, claims=options.claims, tend=fleet.tend)
        facts = read_facts(workload.kick, handed_out=workload.handed_out)
    checks = check_all(facts)
    report.say_what_happened(workload, fleet, facts, say=say)
    report.say_checks(checks, invariants, say=say)
    report.say_end(options, quiescence, faults=faults, say=say)
    is_right = not any(check.wrong for check in checks) and not any(invariants.seen.values())
    return is_right and quiescence.is_reached and not faults


# --- Set-up ------------------------------------------------------------------------------------


def _set_up(options: Options, deployment: Deployment, fleet: Fleet, *, say: Say) -> Workload:
    say(f"Starting PostgreSQL, {deployment.broker_name}, the local Kick, web, worker and scheduler")
    fleet.start("postgresql", deployment.start_postgresql, stop_signal=signal.SIGINT)
    processes = _start(deployment.programs_before(), deployment, fleet)
    _wait(_is_database_there, what="PostgreSQL")
    call_command("migrate", verbosity=0)
    kick = LocalKick(deployment.place.local_kick_url, processes["local Kick"])
    _wait(lambda: _answers(f"{kick.url}/local/healthz"), what="The local Kick")
    made = world.make_world(kick, deployment.place, claims=options.claims)
    world.register(made, now=timezone.now())
    redemptions.make_channel(kick)
    _, api_key = make_api_key(name="game servers", categories=[], now=timezone.now())
    _start(deployment.programs(), deployment, fleet)
    _wait(lambda: _answers(f"{deployment.place.web_url}/readyz"), what="The web server")
    book = world.ClaimBook(made, claims=options.claims, dice=random.Random(options.seed))
    return Workload(options, deployment.place, kick, made, book, api_key)


def _start(programs: Iterable[Program], deployment: Deployment, fleet: Fleet) -> dict[str, Process]:
    return {
        program.name: fleet.start(program.name, starter(program, deployment.logs))
        for program in programs
    }


def _wait(condition: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not condition():
        if time.monotonic() > deadline:
            raise NeverReady(f"{what} was not ready within {READY_WITHIN:.0f} seconds.")
        time.sleep(0.1)


def _is_database_there() -> bool:
    try:
        connection.ensure_connection()
    except DatabaseError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


# --- Workload and faults -----------------------------------------------------------------------


def _run_workload(
    workload: Workload,
    deployment: Deployment,
    fleet: Fleet,
    invariants: InvariantChecker,
    *,
    say: Say,
) -> list[str]:
    """Let the drivers loose and the faults strike. Returns what went wrong with the drivers."""
    say(f"{workload.options.claims:,} claims, and faults for {workload.options.seconds:.0f} s")
    schedule = FaultSchedule(workload, deployment, fleet)
    workload.began = time.monotonic()
    with ThreadPoolExecutor(24) as pool:
        claimers = [pool.submit(claim_rewards, workload, nth) for nth in range(CLAIMERS)]
        others = [
            *(pool.submit(link_and_unlink, workload, n, HOUSEHOLDS) for n in range(HOUSEHOLDS)),
            *(pool.submit(hand_out_items, workload, nth) for nth in range(GAME_SERVERS)),
            pool.submit(replay_foreign, workload),
            *(
                pool.submit(redemptions.redeem_and_answer_by_hand, workload, n, REDEEMERS)
                for n in range(REDEEMERS)
            ),
            pool.submit(map_late_rewards, workload),
            pool.submit(invariants.watch),
        ]
        try:
            while not _is_blown_over(workload, claimers):
                fleet.tend()
                schedule.strike_due()
                time.sleep(0.05)
        finally:
            workload.end()  # also on Ctrl-C, or the pool would wait for ever
        schedule.clear()
        _tend_until_done(fleet, [*claimers, *others])
    return list(_what_went_wrong(workload, [*claimers, *others]))


def _what_went_wrong(workload: Workload, drivers: list[Future[None]]) -> Iterator[str]:
    for driver in drivers:
        if fault := driver.exception():
            yield f"a driver failed: {fault!r}"
    if accepted := workload.counts["other events accepted"]:
        yield f"{accepted:,} of Kick's other events were answered like claims"
    if workload.book.taken < workload.options.claims:
        made = f"{workload.book.taken:,}"
        yield f"only {made} claims were made in time: ask for fewer claims or more MINUTES"


def _is_blown_over(workload: Workload, claimers: list[Future[None]]) -> bool:
    if any(one.done() and one.exception() for one in claimers):
        return True
    is_late = workload.progress > LATE_BY_AT_MOST
    return workload.progress >= 1 and (all(one.done() for one in claimers) or is_late)


def _tend_until_done(fleet: Fleet, drivers: list[Future[None]]) -> None:
    while not all(one.done() for one in drivers):
        fleet.tend()
        time.sleep(0.05)
