"""E1 to E3: what game servers ask and say, over HTTP."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from claims.api_keys import make_api_key
from claims.entitlement_ids import entitlement_id
from claims.models import Entitlement
from tests.bench.goals import Goal, Result, ratios
from tests.bench.harness import Harness, say
from tests.bench.load import LoadFailed, Measured, drive
from tests.bench.programs import REPOSITORY, Program
from tests.bench.rows import forget_claims, make_entitlements, make_linked_viewers
from tests.bench.traffic import get_request, post_request

FEW = 10_000
PER_PLAYER = 10
CONNECTIONS = 8
PER_CALL = 1000
CALLS_EACH = 5

_BARE_UPDATE = """
    UPDATE claims_entitlement SET status = 'FULFILLED', fulfilled_at = %s, fulfilment_id = 'bare'
    WHERE id = ANY(%s)
"""


@dataclass(frozen=True)
class Listed:
    """A filled database behind the product, and requests for players drawn from all of it."""

    product: Program
    database_url: str
    requests: list[bytes]


def e1_and_e2(harness: Harness) -> list[Result]:
    many = harness.scale.entitlements
    small, large = _listed(harness, "small", FEW), _listed(harness, "large", many)
    floor = harness.listing_floor_on(large.database_url)
    e1 = Goal(
        "E1",
        f"a player's entitlements: 99th percentile at {many:,} rows, against {FEW:,}",
        1.25,
        at_least=False,
    )
    e2 = Goal("E2", f"the same, requests a second at {many:,} rows, against a raw program", 0.5)
    at_few, at_many, raw = [], [], []
    _ = _list(small, small.product), _list(large, large.product), _list(large, floor)
    for _ in range(harness.scale.rounds):
        say("E1, E2: few, many, raw")
        at_few.append(_list(small, small.product))
        at_many.append(_list(large, large.product))
        raw.append(_list(large, floor))
    slowest, slow = ([run.percentile(0.99) for run in runs] for runs in (at_many, at_few))
    rates, raw_rates = ([run.rate for run in runs] for runs in (at_many, raw))
    return [
        Result(
            e1, ratios(slowest, slow), f"{min(slowest) * 1000:.1f} to {min(slow) * 1000:.1f} ms"
        ),
        Result(
            e2, ratios(rates, raw_rates), f"{max(rates):,.0f} to {max(raw_rates):,.0f} a second"
        ),
    ]


def _listed(harness: Harness, name: str, entitlements: int) -> Listed:
    began_at = time.monotonic()
    database_url = harness.new_database(name)
    players = entitlements // PER_PLAYER
    bearer = subprocess.run(
        [sys.executable, "-m", "tests.bench.filled_database", str(entitlements), str(players)],
        env=os.environ | {"DATABASE_URL": database_url},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()
    say(f"made {entitlements:,} entitlements in {time.monotonic() - began_at:.0f} s")
    drawn = random.Random(1)
    path = "/api/v1/entitlements?status=GRANTED&game_account_id=account-{}"
    requests = [
        get_request(path.format(drawn.randrange(players)), bearer=bearer)
        for _ in range(harness.scale.listings)
    ]
    return Listed(harness.product_on(database_url), database_url, requests)


def _list(listed: Listed, program: Program) -> Measured:
    return drive(program.port, listed.requests, connections=CONNECTIONS).expect(200)


def e3(harness: Harness) -> list[Result]:
    goal = Goal("E3", "fulfilling 1,000 in one call, rows a second, against one bare UPDATE", 0.5)
    rows = 2 * CALLS_EACH * PER_CALL
    make_linked_viewers(rows)
    _, bearer = make_api_key(name="bench", categories=[], now=timezone.now())
    bare, called = [], []
    for _ in range(harness.scale.rounds):
        say("E3: fulfilling, then bare updates")
        forget_claims()
        make_entitlements(rows, players=rows, still_granted=rows)
        owed = list(Entitlement.objects.order_by("pk"))
        batches = [owed[first : first + PER_CALL] for first in range(0, rows, PER_CALL)]
        for one, other in zip(batches[::2], batches[1::2], strict=True):
            bare.append(_update_barely([entitlement.pk for entitlement in one]))
            called.append(_fulfil(harness.product, other, bearer))
        _check_that_all_are_fulfilled()
    # The first ones warm up.
    note = f"{min(called) * 1000:.0f} ms a call, {min(bare) * 1000:.0f} ms an UPDATE"
    return [Result(goal, ratios(bare, called)[2:], note)]


def _update_barely(ids: list[int]) -> float:
    began_at = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(_BARE_UPDATE, [timezone.now(), ids])
    return time.perf_counter() - began_at


def _fulfil(product: Program, entitlements: list[Entitlement], bearer: str) -> float:
    ids = [entitlement_id(owed.claim_id, owed.sku) for owed in entitlements]
    body = json.dumps({"entitlement_ids": ids, "fulfilment_id": f"call-{ids[0]}"})
    request = post_request("/api/v1/entitlements/fulfil", body.encode(), bearer=bearer)
    return drive(product.port, [request], connections=1).expect(200).latencies[0]


def _check_that_all_are_fulfilled() -> None:
    """A call that finds nothing to do is quick, and no measure of anything."""
    if owed := Entitlement.objects.exclude(status=Entitlement.Status.FULFILLED).count():
        raise LoadFailed(f"{owed} entitlements were not fulfilled.")


MEASURES: dict[tuple[str, ...], Callable[[Harness], list[Result]]] = {
    ("E1", "E2"): e1_and_e2,
    ("E3",): e3,
}
