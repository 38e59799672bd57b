"""One run, from an empty directory to a verdict. Django's settings are those of the site."""

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
from tests.chaos import report, world
from tests.chaos.calm import wait_for_calm
from tests.chaos.drivers.forger import replay_foreign
from tests.chaos.drivers.game_server import hand_out_items
from tests.chaos.drivers.ops import map_late_rewards
from tests.chaos.drivers.players import link_and_unlink
from tests.chaos.drivers.viewers import claim_rewards
from tests.chaos.facts import read_facts
from tests.chaos.fleet import Fleet, Process, starter
from tests.chaos.orders import Orders
from tests.chaos.site import Site
from tests.chaos.storm import Storm
from tests.chaos.trouble import Trouble, pauses
from tests.chaos.verdict import check_all
from tests.chaos.witness import Witness
from tests.local_kick_process import LocalKick

READY_WITHIN = 60.0
CLAIMERS, HOUSEHOLDS, GAME_SERVERS = 4, 4, 2
# Claims that are still to be made when the time is up are made in as long again, twice.
LATE_BY_AT_MOST = 3.0

Say = Callable[[str], None]


class NeverReady(Exception):
    """A part of the system did not come up; its log says why."""


def run(orders: Orders, site: Site, *, say: Say) -> bool:
    """Whether everything held."""
    fleet = Fleet(pause=pauses(random.Random(f"{orders.seed} pauses")))
    with ExitStack() as stack:
        stack.callback(site.keep_postgresql_log)
        stack.callback(fleet.stop)
        storm = _set_up(orders, site, fleet, say=say)
        witness = Witness(storm)
        faults = _storm(storm, site, fleet, witness, say=say)
        say("The faults are over; waiting until nothing changes any more")
        calm = wait_for_calm(storm.kick, claims=orders.claims, tend=fleet.tend)
        facts = read_facts(storm.kick, handed_out=storm.handed_out)
    checks = check_all(facts)
    report.say_what_happened(storm, fleet, facts, say=say)
    report.say_checks(checks, witness, say=say)
    report.say_end(orders, calm, faults=faults, say=say)
    is_right = not any(check.wrong for check in checks) and not any(witness.seen.values())
    return is_right and calm.is_reached and not faults


# --- Set-up ------------------------------------------------------------------------------------


def _set_up(orders: Orders, site: Site, fleet: Fleet, *, say: Say) -> Storm:
    say(f"Starting PostgreSQL, {site.broker_name}, the local Kick, web, worker and scheduler")
    fleet.start("postgresql", site.start_postgresql, stop_signal=signal.SIGINT)
    processes = _start(site.programs_before(), site, fleet)
    _wait(_is_database_there, what="PostgreSQL")
    call_command("migrate", verbosity=0)
    kick = LocalKick(site.place.local_kick_url, processes["local Kick"])
    _wait(lambda: _answers(f"{kick.url}/local/healthz"), what="The local Kick")
    made = world.make_world(kick, site.place, claims=orders.claims)
    world.register(made, now=timezone.now())
    _, api_key = make_api_key(name="game servers", categories=[], now=timezone.now())
    _start(site.programs(), site, fleet)
    _wait(lambda: _answers(f"{site.place.web_url}/readyz"), what="The web server")
    book = world.ClaimBook(made, claims=orders.claims, dice=random.Random(orders.seed))
    return Storm(orders, site.place, kick, made, book, api_key)


def _start(programs: Iterable[Program], site: Site, fleet: Fleet) -> dict[str, Process]:
    return {
        program.name: fleet.start(program.name, starter(program, site.logs)) for program in programs
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


# --- The storm ---------------------------------------------------------------------------------


def _storm(storm: Storm, site: Site, fleet: Fleet, witness: Witness, *, say: Say) -> list[str]:
    """Let the drivers loose and the faults strike. Returns what went wrong with the drivers."""
    say(f"{storm.orders.claims:,} claims, and faults for {storm.orders.seconds:.0f} s")
    trouble = Trouble(storm, site, fleet)
    storm.began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        claimers = [pool.submit(claim_rewards, storm, nth) for nth in range(CLAIMERS)]
        others = [
            *(pool.submit(link_and_unlink, storm, n, HOUSEHOLDS) for n in range(HOUSEHOLDS)),
            *(pool.submit(hand_out_items, storm, nth) for nth in range(GAME_SERVERS)),
            pool.submit(replay_foreign, storm),
            pool.submit(map_late_rewards, storm),
            pool.submit(witness.watch),
        ]
        try:
            while not _is_blown_over(storm, claimers):
                fleet.tend()
                trouble.strike_due()
                time.sleep(0.05)
        finally:
            storm.end()  # also on Ctrl-C, or the pool would wait for ever
        trouble.clear()
        _tend_until_done(fleet, [*claimers, *others])
    return list(_what_went_wrong(storm, [*claimers, *others]))


def _what_went_wrong(storm: Storm, drivers: list[Future[None]]) -> Iterator[str]:
    for driver in drivers:
        if fault := driver.exception():
            yield f"a driver failed: {fault!r}"
    if accepted := storm.counts["other events accepted"]:
        yield f"{accepted:,} of Kick's other events were answered like claims"
    if storm.book.taken < storm.orders.claims:
        yield f"only {storm.book.taken:,} claims were made in time: ask for fewer, or more MINUTES"


def _is_blown_over(storm: Storm, claimers: list[Future[None]]) -> bool:
    if any(one.done() and one.exception() for one in claimers):
        return True
    is_late = storm.progress > LATE_BY_AT_MOST
    return storm.progress >= 1 and (all(one.done() for one in claimers) or is_late)


def _tend_until_done(fleet: Fleet, drivers: list[Future[None]]) -> None:
    while not all(one.done() for one in drivers):
        fleet.tend()
        time.sleep(0.05)
