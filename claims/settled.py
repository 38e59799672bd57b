"""Finds the claims of a page that need no more work. In a sweep, that is almost all of them."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from claims import ledger_sql
from platforms.kick.protocol.payloads import ApiClaim


def find_unsettled(claims: Sequence[ApiClaim]) -> list[ApiClaim]:
    """Drop claims that are granted or revoked here with the same contents as on the page.

    Held claims stay in the list, because their hold reason may have changed. This is one statement
    without locks: granted and revoked claims never become held again.
    """
    settled = {row[0]: row[1:] for row in _fetch([claim.payload.claim_id for claim in claims])}
    return [
        claim
        for claim in claims
        if not ((row := settled.get(claim.payload.claim_id)) and _is_as_shown(claim, *row))
    ]


def _is_as_shown(
    claim: ApiClaim,
    account_id: str,
    campaign_id: str,
    reward_id: str,
    external_id: str,
    external_status: str,
    has_time: bool,
) -> bool:
    shown = claim.payload
    return (
        shown.user_id == account_id
        and shown.campaign_id == campaign_id
        and shown.reward_id == reward_id
        and (shown.external_id == external_id or not shown.external_id or not external_id)
        and claim.external_status in ("", external_status)
        and (bool(has_time) or claim.created_at is None)
    )


def _fetch(claim_ids: list[str]) -> list[tuple[Any, ...]]:
    is_postgresql = connection.vendor == "postgresql"
    among = ledger_sql.POSTGRESQL_AMONG if is_postgresql else ledger_sql.SQLITE_AMONG
    listed = claim_ids if is_postgresql else json.dumps(claim_ids)
    with connection.cursor() as cursor:
        cursor.execute(ledger_sql.FIND_SETTLED.format(among=among), {"claim_ids": listed})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
