"""The one place that records claims and grants what they earned.

Whatever a claim came by (webhook, claims API, late link, healing), it passes through
`record_claims`. What that promises, and how:

- Never twice: a claim leaves HELD once, under its row's lock, and its entitlements are written by
  the statement that made it leave. Unique keys stand behind both.
- Never to the wrong one: only a registered pair of campaign and reward is granted, to the player
  whom the Kick user is linked to while its row is locked.
- Never silent: what is not granted is HELD with the first reason that applies.

A repeated claim writes nothing. The docstrings say what happens on a repeat. What staff grant by
hand is no claim of Kick's: `claims.manual_grants` keeps these promises for it.
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
    """New: granted, or held with a reason."""
    CHANGED = "changed"
    """Was held; now granted, or held for another reason."""
    KNOWN = "known"
    """Nothing to do."""
    DIFFERS = "differs"
    """Known with other contents, which were kept."""


@dataclass(frozen=True, slots=True)
class ReceivedClaim:
    """A claim as it arrived. `message_id` is the webhook's; the last two are the claims API's."""

    payload: ClaimPayload
    message_id: str = ""
    kick_created_at: datetime | None = None
    external_status: str = Claim.ExternalStatus.INITIATED


@dataclass(frozen=True, slots=True)
class RecordedClaim:
    """What became of a received claim; `status` and `hold_reason` are those of the row."""

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
    """Record a batch of 1 to 1,000 claims and grant what can be granted, in one transaction.

    The number of statements does not depend on the size of the batch: on PostgreSQL it is one.
    Where `source` is RECONCILE, its word wins over that of a claim which is still held.

    On a repeat: nothing is written, and the outcome is KNOWN, or DIFFERS when the contents are not
    those of the first time. A claim that is in the batch twice is recorded once; its second copy is
    answered like a repeat.
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
    """Pass every held claim whose reason no longer holds through the ledger again.

    Returns how many changed. On a repeat: 0, as nothing is left to heal.
    """
    return sum(map(len, _heal(condition="", parameters={}, now=now)))


def reconsider_kick_user(*, kick_user_id: str, now: datetime) -> int:
    """Grant what was held of a Kick user who has just been linked.

    Belongs inside the transaction that made the link, which holds the Kick user's lock. Returns how
    many claims were granted. On a repeat: 0.
    """
    healed = _heal(
        condition="AND kick_user_id = %(kick_user_id)s",
        parameters={"kick_user_id": kick_user_id},
        now=now,
    )
    return sum(claim.status == Claim.Status.GRANTED for batch in healed for claim in batch)


def reconsider_reward(*, reward_id: str, now: datetime) -> Iterator[int]:
    """Pass a reward's held claims whose reason no longer holds through the ledger again.

    Yields after each batch of 1,000 at most how many claims it changed: granted, or waiting for a
    link from now on. On a repeat: nothing is left to yield.
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
        # The source is that of the row that is there already; the one named here is not written.
        yield record_claims(
            [_stored(*row) for row in healable],
            source=Claim.Source.WEBHOOK,
            received_at=now,
            now=now,
        )


def _stored(
    claim_id: str,
    kick_user_id: str,
    campaign_id: str,
    reward_id: str,
    external_id: str,
    message_id: str,
    *_: object,
) -> ReceivedClaim:
    payload = ClaimPayload(claim_id, kick_user_id, campaign_id, reward_id, external_id)
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
        """Somebody else recorded it, with other contents, after our statement had begun."""
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
    """The first of each claim: one statement cannot write a row twice."""
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
        claim.kick_created_at,
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
