"""Records claims and grants their items.

Every claim goes through `record_claims`, from every path: webhook, claims API, late link, healing.
It promises:

- Never twice: a claim leaves HELD once, under its row lock, and the statement that changes its
  status also writes its entitlements. Unique keys guard both.
- Never to the wrong player: only a registered pair of campaign and reward is granted, to the player
  linked to the Kick user while that user's row is locked.
- Never silent: a claim that isn't granted is HELD with the first reason that applies.

A repeated claim writes nothing; the docstrings describe each repeat. Kick knows nothing of manual
grants: `claims.manual_grants` keeps the same promises for them.
"""

import enum
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection, transaction

from claims import ledger_sql
from claims.models import Claim
from core.deadlocks import retry_deadlock_once
from core.sql_values import to_db
from platforms.kick.protocol.payloads import ClaimPayload

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
class ReceivedClaim:
    """A claim as it arrived.

    Only webhooks set `message_id`. Only the claims API sets the last two fields.
    """

    payload: ClaimPayload
    message_id: str = ""
    occurred_at: datetime | None = None
    external_status: str = Claim.ExternalStatus.INITIATED


@dataclass(frozen=True, slots=True)
class RecordedClaim:
    """The result for a received claim. `status` and `hold_reason` come from the row."""

    claim_id: str
    outcome: Outcome
    status: str
    hold_reason: str


@retry_deadlock_once
def record_claims(
    received: Sequence[ReceivedClaim],
    *,
    source: Claim.Source,
    received_at: datetime,
    now: datetime,
) -> list[RecordedClaim]:
    """Record a batch of 1 to 1,000 claims and grant those that can be, in one transaction.

    The number of statements doesn't depend on the batch size: on PostgreSQL it is one.
    If `source` is RECONCILE, the received contents overwrite those of a claim that is still held.

    On a repeat, nothing is written and the outcome is KNOWN, or DIFFERS if the contents have
    changed. A claim that appears twice in the batch is recorded once; the second copy counts as a
    repeat.
    """
    now_or_later: list[RecordedClaim] = []
    pending = list(received)
    while pending:
        batch = _once_each(pending)
        rows = _record(batch, source=source, received_at=received_at, now=now)
        now_or_later += [_recorded(row) for row in rows if not row.is_unseen]
        pending = _left_over(pending, batch, rows)
    return now_or_later


def heal_claims(*, now: datetime) -> int:
    """Record every held claim again whose hold reason is out of date.

    Returns the number of changed claims. On a repeat: 0.
    """
    return sum(map(len, _heal(condition="", parameters={}, now=now)))


def reconsider_account(*, account_id: str, now: datetime) -> int:
    """Grant the held claims of a newly linked Kick user.

    Call it inside the transaction that makes the link, which holds the lock on the Kick user's row.
    Returns the number of granted claims. On a repeat: 0.
    """
    healed = _heal(
        condition="AND account_id = %(account_id)s",
        parameters={"account_id": account_id},
        now=now,
    )
    return sum(claim.status == Claim.Status.GRANTED for batch in healed for claim in batch)


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
    after = ""
    while healable := _fetch(query, {"after": after, "limit": BATCH_SIZE, **parameters}):
        after = healable[-1][0]
        # The rows exist already and keep their source; this one isn't written.
        yield record_claims(
            [_stored(*row) for row in healable],
            source=Claim.Source.WEBHOOK,
            received_at=now,
            now=now,
        )


def _stored(
    claim_id: str,
    account_id: str,
    campaign_id: str,
    reward_id: str,
    external_id: str,
    message_id: str,
    *_: object,
) -> ReceivedClaim:
    payload = ClaimPayload(claim_id, account_id, campaign_id, reward_id, external_id)
    return ReceivedClaim(payload, message_id=message_id)


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


def _recorded(row: _Row) -> RecordedClaim:
    return RecordedClaim(
        claim_id=row.claim_id,
        outcome=_outcome(row),
        status=row.status or "",
        hold_reason=row.hold_reason or "",
    )


def _outcome(row: _Row) -> Outcome:
    if row.known_status is None:
        return Outcome.RECORDED
    if row.is_written:
        return Outcome.CHANGED
    return Outcome.KNOWN if row.is_same else Outcome.DIFFERS


def _once_each(received: Iterable[ReceivedClaim]) -> list[ReceivedClaim]:
    """Keep the first copy of each claim: one statement can't write a row twice."""
    return list({claim.payload.claim_id: claim for claim in reversed(list(received))}.values())


def _left_over(
    pending: list[ReceivedClaim], batch: list[ReceivedClaim], rows: Iterable[_Row]
) -> list[ReceivedClaim]:
    unseen = {row.claim_id for row in rows if row.is_unseen}
    if not unseen and len(batch) == len(pending):
        return []
    tried = set(map(id, batch))
    return [
        claim for claim in pending if id(claim) not in tried or claim.payload.claim_id in unseen
    ]


def _record(
    batch: Sequence[ReceivedClaim],
    *,
    source: Claim.Source,
    received_at: datetime,
    now: datetime,
) -> list[_Row]:
    parameters = {
        "source": source.value,
        "is_from_api": source == Claim.Source.RECONCILE,
        "received_at": received_at,
        "now": now,
    }
    record = _record_on_postgresql if _is_on_postgresql() else _record_on_sqlite
    return record([_columns(claim) for claim in batch], parameters)


@cache
def _is_on_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _columns(claim: ReceivedClaim) -> tuple[object, ...]:
    """The values of `ledger_sql.INCOMING_COLUMNS`."""
    return (
        claim.payload.claim_id,
        claim.payload.user_id,
        claim.payload.campaign_id,
        claim.payload.reward_id,
        claim.payload.external_id,
        claim.message_id,
        claim.occurred_at,
        claim.external_status,
    )


def _record_on_postgresql(
    columns: list[tuple[object, ...]], parameters: dict[str, Any]
) -> list[_Row]:
    if len(columns) == 1 and not parameters["is_from_api"]:
        one = dict(zip(ledger_sql.INCOMING_COLUMNS, columns[0], strict=True))
        return _rows(ledger_sql.RECORD_ONE_ON_POSTGRESQL, parameters | one)
    parameters = parameters | {"incoming": _as_json(columns)}
    if not parameters["is_from_api"]:
        return _rows(ledger_sql.RECORD_ON_POSTGRESQL, parameters)
    with transaction.atomic():
        rows = _rows(ledger_sql.RECORD_ON_POSTGRESQL, parameters)
        if any(row.known_status for row in rows):
            _execute(ledger_sql.NOTE_API_FACTS_ON_POSTGRESQL, parameters)
    return rows


def _as_json(columns: list[tuple[object, ...]]) -> str:
    records = [dict(zip(ledger_sql.INCOMING_COLUMNS, row, strict=True)) for row in columns]
    return json.dumps(records, default=str)


def _rows(statement: str, parameters: dict[str, Any]) -> list[_Row]:
    return [_Row(*row) for row in _fetch(statement, parameters)]


def _record_on_sqlite(columns: list[tuple[object, ...]], parameters: dict[str, Any]) -> list[_Row]:
    parameters = {name: to_db(value) for name, value in parameters.items()}
    parameters["incoming"] = json.dumps(columns, default=to_db)
    with transaction.atomic():
        known = _fetch(ledger_sql.SQLITE_KNOWN, parameters)
        for statement in ledger_sql.SQLITE_WRITES:
            _execute(statement, parameters)
        if parameters["is_from_api"]:
            _execute(ledger_sql.NOTE_API_FACTS_ON_SQLITE, parameters)
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
