"""What must hold at every moment, looked at while everything happens.

What heals in the end may still have been wrong on the way: a claim answered with 200 that was not
there, one that was noted as reported before Kick knew, one held for want of a link that exists.
"""

from collections import Counter
from collections.abc import Callable

from django.db import DatabaseError, connection

from claims.models import Claim, Report
from tests.chaos.workload import Workload

FIRST_INTERVAL = 0.5
# Kick's whole dump is read each time.
SECONDS_PER_CLAIM = 1 / 4000

# Both locks and transactions promise that no snapshot of the database ever shows one of these.
NEVER_SEEN = {
    "held as NOT_LINKED although linked": """
        SELECT claim.claim_id FROM claims_claim AS claim
        JOIN accounts_platformaccount AS account ON account.key = claim.account_id
        WHERE claim.hold_reason = 'NOT_LINKED' AND account.player_id IS NOT NULL
    """,
    "granted without its items": """
        SELECT claim.claim_id FROM claims_claim AS claim
        WHERE claim.status = 'GRANTED' AND NOT EXISTS (
            SELECT 1 FROM claims_entitlement AS entitlement
            WHERE entitlement.claim_id = claim.claim_id
        )
    """,
    "items of a claim that is held": """
        SELECT claim.claim_id FROM claims_claim AS claim
        JOIN claims_entitlement AS entitlement ON entitlement.claim_id = claim.claim_id
        WHERE claim.status = 'HELD'
    """,
    "a player linked to two accounts of a platform": """
        SELECT CAST(player_id AS text) FROM accounts_platformaccount
        WHERE player_id IS NOT NULL GROUP BY player_id, platform HAVING COUNT(*) > 1
    """,
}


class InvariantChecker:
    """`seen` has, for each promise, what broke it."""

    def __init__(self, workload: Workload) -> None:
        self.looks: Counter[str] = Counter()
        self.seen: dict[str, set[str]] = {}
        self._workload = workload
        self._acknowledged: list[str] = []
        self._known_as_reported: set[str] = set()

    def watch(self) -> None:
        """Until the workload is over, and once more."""
        interval = FIRST_INTERVAL + self._workload.options.claims * SECONDS_PER_CLAIM
        while not self._workload.rest(interval):
            self.look()
        self.look()
        connection.close()

    def look(self) -> None:
        for look in (self._look_at_ledger, self._look_for_acknowledged, self._look_at_reports):
            self._try(look)

    def _try(self, look: Callable[[], None]) -> None:
        try:
            look()
        except DatabaseError:  # It was killed, and is coming back.
            connection.close()
            self.looks["in vain"] += 1

    def _look_at_ledger(self) -> None:
        for promise, query in NEVER_SEEN.items():
            with connection.cursor() as cursor:
                cursor.execute(query)
                self._note(promise, {row[0] for row in cursor.fetchall()})

    def _look_for_acknowledged(self) -> None:
        self._acknowledged += self._workload.take_acknowledged()
        promised = set(self._acknowledged)
        there = set(Claim.objects.filter(pk__in=promised).values_list("pk", flat=True))
        self._note("answered with 200 and not there", promised - there)
        self.looks["answers of 200 looked up at once"] += len(self._acknowledged)
        self._acknowledged.clear()

    def _look_at_reports(self) -> None:
        """The ledger first: what it knows by then, Kick must say by now."""
        reported = Report.objects.exclude(reported_at=None)
        new = set(reported.values_list("pk", flat=True)) - self._known_as_reported
        if not new:
            return
        at_kick = {
            claim["claim_id"]
            for claim in self._workload.kick.claims()
            if claim["external_status"] == "processed"
        }
        self._note("noted as reported before Kick said so", new - at_kick)
        self._known_as_reported |= new

    def _note(self, promise: str, broken: set[str]) -> None:
        self.looks[promise] += 1
        self.seen.setdefault(promise, set()).update(broken)
