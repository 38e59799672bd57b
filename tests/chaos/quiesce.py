"""Waiting until nothing changes any more, without a hand on anything."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, connection
from django.utils import timezone

from claims.models import ReconcileRun
from core.models import Lease
from tests.chaos.options import SETTLES_WITHIN
from tests.chaos.redemptions import let_time_pass
from tests.local_kick_process import LocalKick

# Each look reads Kick's whole dump, and must not become the load.
CLAIMS_READ_PER_SECOND = 5000
# Each of these has to run from its beginning to its end without changing anything.
JOBS = (
    "catch_up:kick_drops",
    "heal_claims",
    "confirm_claims:kick_drops",
    "reports:kick_drops",
    "settle_redemptions:kick_channel_rewards",
)
LEDGER = """
    SELECT
        (SELECT md5(string_agg(concat_ws(' ', claim_id, account_id, status, hold_reason),
            ',' ORDER BY claim_id)) FROM claims_claim),
        (SELECT md5(string_agg(concat_ws(' ', claim_id, reported_at IS NOT NULL),
            ',' ORDER BY claim_id)) FROM claims_report),
        (SELECT md5(string_agg(concat_ws(' ', claim_id, sku, quantity, player_id, status),
            ',' ORDER BY claim_id, sku)) FROM claims_entitlement),
        (SELECT COUNT(*) FROM accounts_deauthorization WHERE outcome = 'PENDING'),
        (SELECT md5(string_agg(concat_ws(' ', redemption_id, state),
            ',' ORDER BY redemption_id)) FROM claims_redemption)
"""


@dataclass(frozen=True, slots=True)
class Quiescence:
    """`converged_after`: seconds from the end of the faults to the last change."""

    is_reached: bool
    converged_after: float
    waited: float


def wait_until_quiet(kick: LocalKick, *, claims: int, tend: Callable[[], None]) -> Quiescence:
    """Wait until a whole round of the schedule has changed nothing on either side.

    `tend` is called ten times a second.
    """
    looks_every = max(1.0, claims / CLAIMS_READ_PER_SECOND)
    began = time.monotonic()
    changed, changed_at, last = began, timezone.now(), ""
    while (now := time.monotonic()) - began < SETTLES_WITHIN:
        digest = _digest(kick)
        if digest != last:
            changed, changed_at, last = now, timezone.now(), digest
        elif digest and _has_been_round(changed_at):
            return Quiescence(True, changed - began, now - began)
        let_time_pass()
        for _ in range(int(looks_every * 10)):
            tend()
            time.sleep(0.1)
    return Quiescence(False, changed - began, time.monotonic() - began)


def _digest(kick: LocalKick) -> str:
    """Of both sides; empty while the database is away."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(LEDGER)
            ledger = cursor.fetchone()
    except DatabaseError:
        connection.close()
        return ""
    statuses = sorted((claim["claim_id"], claim["external_status"]) for claim in kick.claims())
    points = kick.call("GET", "dump/redemptions")
    return hashlib.sha256(json.dumps([ledger, statuses, points]).encode()).hexdigest()


def _has_been_round(since: datetime) -> bool:
    try:
        rounds = Lease.objects.filter(
            job__in=JOBS, last_began_at__gt=since, last_ended_at__gt=since, error=""
        )
        is_sweeping = ReconcileRun.objects.filter(ended_at=None).exists()
        return rounds.count() == len(JOBS) and not is_sweeping
    except DatabaseError:
        connection.close()
        return False
