"""Records claims and grants their items.

Every claim goes through `record_claims`, from every path: webhook, claims API, late link, healing.
It promises:

- Never twice: a claim leaves HELD once, under its row lock, and the statement that changes its
  status also writes its entitlements. Unique keys guard both.
- Never to the wrong player: only a claim that is registered as ours is granted, to the player
  linked to its account while that account's row is locked.
- Never silent: a claim that isn't granted is HELD with the first reason that applies.

A repeated claim writes nothing; the docstrings describe each repeat. Manual grants have no
platform: `claims.manual_grants` keeps the same promises for them.
"""

import enum
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection, transaction

from accounts.models import PlatformAccount
from claims import ledger_sql
from claims.models import Claim
from claims.source import Award
from core.deadlocks import retry_deadlock_once
from core.leases import no_lease
from core.sql_values import to_db

BATCH_SIZE = 1000


class Outcome(enum.StrEnum):
    RECORDED = "recorded"
    """New claim: granted, or held with a reason."""
    CHANGED = "changed"
    """Held before; now granted, or held for another reason."""
    KNOWN = "known"
    """Already recorded; nothing to do."""
    DIFFERS = "differs"
    """Already recorded with other contents, which stay as they are."""


@dataclass(frozen=True, slots=True)
class RecordedClaim:
    """The result for a received claim. `status` and `hold_reason` come from the row."""

    claim_id: str
    outcome: Outcome
    status: str
    hold_reason: str


@retry_deadlock_once
def record_claims(
    awards: Sequence[Award],
    *,
    source: str,
    path: Claim.Path,
    is_authoritative: bool,
    received_at: datetime,
    now: datetime,
) -> list[RecordedClaim]:
    """Record a batch of 1 to 1,000 awards of a source and grant those that can be granted.

    One transaction. The number of statements doesn't depend on the batch size: on PostgreSQL it is
    one. If `is_authoritative`, the received contents overwrite those of a claim that is still held.

    On a repeat, nothing is written and the outcome is KNOWN, or DIFFERS if the contents have
    changed. A claim that appears twice in the batch is recorded once; the second copy counts as a
    repeat.
    """
    parameters = {
        "source": source,
        "path": path.value,
        "is_authoritative": is_authoritative,
        "received_at": received_at,
        "now": now,
    }
    record = _record_on_postgresql if _is_on_postgresql() else _record_on_sqlite
    recorded: list[RecordedClaim] = []
    pending = list(awards)
    while pending:
        # The first copy of each claim: one statement can't write a row twice.
        batch = list({award.claim_id: award for award in reversed(pending)}.values())
        rows = record([_columns(award) for award in batch], parameters)
        recorded += [
            RecordedClaim(
                claim_id=row.claim_id,
                outcome=row.outcome,
                status=row.status or "",
                hold_reason=row.hold_reason or "",
            )
            for row in rows
            if not row.is_unseen
        ]
        pending = _left_over(pending, batch, rows)
    return recorded


def heal_claims(*, now: datetime, renew: Callable[[], None] = no_lease) -> int:
    """Record every held claim again whose hold reason is out of date.

    Works in batches of at most 1,000 and calls `renew` after each. Returns the number of changed
    claims. On a repeat: 0.
    """
    changed = 0
    for batch in _heal(condition="", parameters={}, now=now):
        changed += len(batch)
        renew()
    return changed


def reconsider_account(*, account_id: str, now: datetime) -> int:
    """Grant the held claims of a newly linked account.

    Call it inside the transaction that makes the link, which holds the lock on the account's row.
    Returns the number of granted claims. On a repeat: 0.
    """
    healed = _heal(
        condition="AND account_id = %(account_id)s",
        parameters={"account_id": account_id},
        now=now,
    )
    return sum(claim.status == Claim.Status.GRANTED for batch in healed for claim in batch)


@transaction.atomic
def retry_account(*, account_id: str, now: datetime) -> int:
    """Grant the account's held claims that nothing holds any more. Returns their number.

    Locks the account first, so that a concurrent link is either visible or waits. On a repeat: 0.
    """
    PlatformAccount.objects.select_for_update(no_key=True).get(pk=account_id)
    return reconsider_account(account_id=account_id, now=now)


def reconsider_reward(*, reward_id: str, now: datetime) -> Iterator[int]:
    """Record a reward's held claims again if their hold reason is out of date.

    Works in batches of at most 1,000 and yields the number of changed claims after each: granted
    ones, and ones that now wait for a link. On a repeat: yields nothing.
    """
    parameters = {"reward_id": reward_id}
    yield from map(
        len, _heal(condition="AND reward_id = %(reward_id)s", parameters=parameters, now=now)
    )


def _heal(
    *, condition: str, parameters: dict[str, str], now: datetime
) -> Iterator[list[RecordedClaim]]:
    query = ledger_sql.FIND_HEALABLE.format(condition=condition)
    # The rows exist already, so neither source nor path is written.
    bounds = parameters | {"source": "", "limit": BATCH_SIZE}
    after = ""
    while healable := _fetch(query, bounds | {"after": after}):
        after = healable[-1][0]
        yield record_claims(
            [_stored(*row) for row in healable],
            source="",
            path=Claim.Path.WEBHOOK,
            is_authoritative=False,
            received_at=now,
            now=now,
        )


def _stored(
    claim_id: str,
    account: str,
    campaign_id: str | None,
    reward_id: str,
    external_id: str,
    message_id: str,
    quantity: int,
    *_: object,
) -> Award:
    return Award(
        claim_id=claim_id,
        account=account,
        campaign_id=campaign_id or "",
        reward_id=reward_id,
        external_id=external_id,
        message_id=message_id,
        quantity=quantity,
    )


def find_unsettled(awards: Sequence[Award]) -> list[Award]:
    """Drop the awards whose claims are granted or revoked here with the same contents.

    Held claims stay in the list, because their hold reason may have changed. This is one statement
    without locks: granted and revoked claims never become held again.
    """
    among = ledger_sql.POSTGRESQL_AMONG if _is_on_postgresql() else ledger_sql.SQLITE_AMONG
    claim_ids = json.dumps([award.claim_id for award in awards])
    rows = _fetch(ledger_sql.FIND_SETTLED.format(among=among), {"claim_ids": claim_ids})
    settled = {row[0]: row[1:] for row in rows}
    return [
        award
        for award in awards
        if not ((row := settled.get(award.claim_id)) and _is_as_stored(award, *row))
    ]


def _is_as_stored(
    award: Award,
    account: str,
    campaign_id: str,
    reward_id: str,
    external_id: str,
    quantity: int,
    has_time: bool,
    is_reported: bool | None,
) -> bool:
    return (
        (award.account, award.campaign_id, award.reward_id, award.quantity)
        == (account, campaign_id, reward_id, quantity)
        and (award.external_id == external_id or not award.external_id or not external_id)
        and (bool(has_time) or award.occurred_at is None)
        # Without a report there is nothing that the platform could contradict.
        and (None in (award.is_reported, is_reported) or award.is_reported == bool(is_reported))
    )


# --- One batch ---------------------------------------------------------------------------------


class _Row(NamedTuple):
    claim_id: str
    known_status: str | None
    is_same: bool | None
    is_written: bool
    status: str | None
    hold_reason: str | None

    @property
    def is_unseen(self) -> bool:
        """Another transaction recorded it, with other contents, after our statement began."""
        return self.known_status is None and not self.is_written

    @property
    def outcome(self) -> Outcome:
        if self.known_status is None:
            return Outcome.RECORDED
        if self.is_written:
            return Outcome.CHANGED
        return Outcome.KNOWN if self.is_same else Outcome.DIFFERS


def _left_over(pending: list[Award], batch: list[Award], rows: Iterable[_Row]) -> list[Award]:
    unseen = {row.claim_id for row in rows if row.is_unseen}
    if not unseen and len(batch) == len(pending):
        return []
    tried = set(map(id, batch))
    return [award for award in pending if id(award) not in tried or award.claim_id in unseen]


@cache
def _is_on_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _columns(award: Award) -> tuple[object, ...]:
    """The values of `ledger_sql.INCOMING_COLUMNS`."""
    return (
        award.claim_id,
        award.account,
        award.campaign_id or None,
        award.reward_id,
        award.external_id,
        award.message_id,
        award.quantity,
        award.occurred_at,
        award.is_reported,
    )


def _record_on_postgresql(
    columns: list[tuple[object, ...]], parameters: dict[str, Any]
) -> list[_Row]:
    is_authoritative = parameters["is_authoritative"]
    if len(columns) == 1 and not is_authoritative:
        one = dict(zip(ledger_sql.INCOMING_COLUMNS, columns[0], strict=True))
        return _rows(ledger_sql.RECORD_ONE_ON_POSTGRESQL, parameters | one)
    incoming = [dict(zip(ledger_sql.INCOMING_COLUMNS, row, strict=True)) for row in columns]
    parameters = parameters | {"incoming": json.dumps(incoming, default=str)}
    if not is_authoritative:
        return _rows(ledger_sql.RECORD_ON_POSTGRESQL, parameters)
    with transaction.atomic():
        rows = _rows(ledger_sql.RECORD_ON_POSTGRESQL, parameters)
        if any(row.known_status for row in rows):
            for statement in ledger_sql.NOTE_API_FACTS_ON_POSTGRESQL:
                _execute(statement, parameters)
    return rows


def _rows(statement: str, parameters: dict[str, Any]) -> list[_Row]:
    return [_Row(*row) for row in _fetch(statement, parameters)]


def _record_on_sqlite(columns: list[tuple[object, ...]], parameters: dict[str, Any]) -> list[_Row]:
    parameters = {name: to_db(value) for name, value in parameters.items()}
    parameters["incoming"] = json.dumps(columns, default=to_db)
    with transaction.atomic():
        known = _fetch(ledger_sql.SQLITE_KNOWN, parameters)
        for statement in ledger_sql.SQLITE_WRITES:
            _execute(statement, parameters)
        if parameters["is_authoritative"]:
            for statement in ledger_sql.NOTE_API_FACTS_ON_SQLITE:
                _execute(statement, parameters)
        statuses = {row[0]: row[1:] for row in _fetch(ledger_sql.SQLITE_STATUSES, parameters)}
    return [
        _Row(claim_id, status, bool(is_same), bool(is_due), *statuses[claim_id])
        for claim_id, status, is_same, is_due in known
    ]


def _execute(statement: str, parameters: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _fetch(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
