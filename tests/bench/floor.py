"""The floors: the smallest WSGI programs that do what the product does, without Django.

They run on the product's own server with its own settings, verify the same signature and send the
ledger's own statement, once per request, prepared, over a connection that is kept.

    python -m studio_drops.server tests.bench.floor:record   the claim webhook
    python -m studio_drops.server tests.bench.floor:listing  a player's entitlements
    python -m studio_drops.server tests.bench.floor:nothing  the load generator's ceiling
"""

import base64
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from claims.ledger_sql import INCOMING_COLUMNS, RECORD_ONE_ON_POSTGRESQL

Environ = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]

# The statement of `claims.api.queries.list_entitlements` for one player's open entitlements.
LIST_OF_A_PLAYER = """
    SELECT entitlement.id, player.game_account_id, sku, entitlement.quantity, entitlement.status,
        entitlement.granted_at, fulfilled_at, fulfilment_id,
        entitlement.claim_id, claim.source, COALESCE(claim.account_id, ''),
        claim.campaign_id, claim.reward_id,
        first_listed_at, COALESCE(campaign.is_test, FALSE)
    FROM claims_entitlement AS entitlement
    JOIN accounts_player AS player ON player.id = entitlement.player_id
    JOIN claims_claim AS claim ON claim.claim_id = entitlement.claim_id
    LEFT JOIN claims_campaign AS campaign ON campaign.campaign_id = claim.campaign_id
    WHERE entitlement.id > 0 AND entitlement.status IN ('GRANTED')
        AND player.game_account_id = %s
    ORDER BY entitlement.id LIMIT 101
"""
LISTED_FIELDS = ("id", "game_account_id", "sku", "quantity", "status", "granted_at")
LISTED_FIELDS += ("fulfilled_at", "fulfilment_id", "claim_id", "source", "account")
LISTED_FIELDS += ("campaign_id", "reward_id")

# The server takes it out of the environment once the application is there.
_DATABASE_URL = os.environ.get("DATABASE_URL", "")

_of_thread = threading.local()


def record(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    message_id = environ["HTTP_KICK_EVENT_MESSAGE_ID"]
    signed = f"{message_id}.{environ['HTTP_KICK_EVENT_TIMESTAMP']}.".encode() + body
    signature = base64.b64decode(environ["HTTP_KICK_EVENT_SIGNATURE"])
    try:
        _public_key().verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return _answer(start_response, "401 Unauthorized", {"error": "forged"})
    claim = json.loads(body)
    row = _fetch(RECORD_ONE_ON_POSTGRESQL, _parameters(claim, message_id))[0]
    return _answer(start_response, "200 OK", {"claim_id": row[0], "status": row[4]})


def _parameters(claim: Mapping[str, Any], message_id: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    values = (
        claim["claim_id"],
        f"kick:{claim['user_id']}",
        claim["campaign_id"],
        claim["reward_id"],
        claim.get("external_id") or "",
        message_id,
        1,
        None,
        None,
    )
    return {
        **dict(zip(INCOMING_COLUMNS, values, strict=True)),
        "source": "kick_drops",
        "path": "WEBHOOK",
        "is_authoritative": False,
        "received_at": now,
        "now": now,
    }


def listing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    query = parse_qs(environ["QUERY_STRING"])
    rows = _fetch(LIST_OF_A_PLAYER, (query["game_account_id"][0],))
    entitlements = [dict(zip(LISTED_FIELDS, row, strict=False)) for row in rows[:100]]
    return _answer(start_response, "200 OK", {"entitlements": entitlements, "next_cursor": None})


def nothing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return _answer(start_response, "200 OK", {})


def _fetch(statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    return _connection().execute(statement, parameters, prepare=True).fetchall()


def _connection() -> "psycopg.Connection[Any]":
    if not hasattr(_of_thread, "connection"):
        _of_thread.connection = psycopg.connect(_DATABASE_URL, autocommit=True)
    connection: psycopg.Connection[Any] = _of_thread.connection
    return connection


@cache
def _public_key() -> RSAPublicKey:
    key = load_pem_public_key(os.environ["BENCH_PUBLIC_KEY"].encode())
    assert isinstance(key, RSAPublicKey)
    return key


def _answer(start_response: StartResponse, status: str, content: Any) -> Iterable[bytes]:
    body = json.dumps(content, default=str).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
