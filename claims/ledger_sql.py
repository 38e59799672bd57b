"""The ledger's SQL. `claims.ledger` lists the promises it keeps.

PostgreSQL records a batch in one statement. In SQLite, one statement can't write three tables, so
the same parts run in turn inside one IMMEDIATE transaction, which blocks all other writers. Both
share the deciding parts (`KNOWN`, `REASON`, `DUE`) and the writes.

Each part reads `incoming`: claim_id, account_id, campaign_id, reward_id, external_id,
message_id, occurred_at, external_status.
"""

import re

INCOMING_COLUMNS = (
    "claim_id",
    "account_id",
    "campaign_id",
    "reward_id",
    "external_id",
    "message_id",
    "occurred_at",
    "external_status",
)

# Each incoming claim, joined with its stored row and everything that decides its status.
KNOWN = """
    known AS (
        SELECT
            new.*,
            claim.status AS known_status,
            claim.hold_reason AS known_reason,
            claim.not_ours_at,
            claim.account_id = new.account_id
                AND claim.campaign_id = new.campaign_id
                AND claim.reward_id = new.reward_id
                AND (claim.external_id = new.external_id
                     OR claim.external_id = '' OR new.external_id = '')
                AS is_same,
            (
                SELECT player_id FROM accounts_platformaccount WHERE account_id = new.account_id
            ) AS known_player_id,
            EXISTS (
                SELECT 1 FROM claims_campaignreward
                WHERE campaign_id = new.campaign_id AND reward_id = new.reward_id
            ) AS is_registered,
            EXISTS (
                SELECT 1 FROM claims_rewarditem WHERE reward_id = new.reward_id
            ) AS is_mapped
        FROM incoming AS new
        LEFT JOIN claims_claim AS claim USING (claim_id)
    )
"""

# Why a claim is held, in order of precedence; '' if it can be granted. {player_id} is the player
# linked to its Kick user.
REASON = """
    CASE
        WHEN NOT is_registered AND not_ours_at IS NULL THEN 'UNCONFIRMED'
        WHEN NOT is_registered THEN 'NOT_OURS'
        WHEN NOT is_mapped THEN 'UNMAPPED_REWARD'
        WHEN {player_id} IS NULL THEN 'NOT_LINKED'
        ELSE ''
    END
"""
REASON_NOW = REASON.format(player_id="known_player_id")

# The claims to write: new ones, and held ones whose reason has changed. A repeated claim writes
# nothing and locks nothing. If the claims API contradicts a held claim, the API wins.
# The condition is a CASE because PostgreSQL estimates that half of the rows match a CASE; for an OR
# it estimates next to none, and then joins the following parts row by row.
DUE = f"""
    due AS (
        SELECT * FROM known
        WHERE CASE
            WHEN known_status IS NULL THEN TRUE
            WHEN known_status <> 'HELD' THEN FALSE
            WHEN is_same THEN known_reason <> {REASON_NOW}
            ELSE %(is_from_api)s
        END
    )
"""

# Locks the row of each Kick user, in key order, and inserts missing ones. Without this lock, a
# claim recorded while its Kick user is being linked could stay held for good. An update that
# changes nothing is the only way to lock and read a row in a statement that may also insert it.
LOCK_KICK_USERS = """
    INSERT INTO accounts_platformaccount AS account (account_id, name, first_seen_at)
    SELECT DISTINCT account_id, '', %(now)s FROM due WHERE TRUE ORDER BY account_id
    ON CONFLICT (account_id) DO UPDATE SET name = account.name
"""

# {accounts} is a relation with the player of each locked Kick user.
DECIDED = f"""
    decided AS (
        SELECT due.*, player_id, {REASON.format(player_id="player_id")} AS hold_reason
        FROM due JOIN {{accounts}} USING (account_id)
    )
"""

# Only held claims change here. Granted and revoked ones stay as they are.
WRITE_CLAIMS = """
    INSERT INTO claims_claim AS claim (
        claim_id, account_id, campaign_id, reward_id, external_id,
        status, hold_reason, first_hold_reason, granted_at,
        source, message_id, occurred_at, received_at, recorded_at,
        lookups, next_lookup_at, wanted_external_status, external_status, refused_writes
    )
    SELECT
        claim_id, account_id, campaign_id, reward_id, external_id,
        CASE WHEN hold_reason = '' THEN 'GRANTED' ELSE 'HELD' END,
        hold_reason, hold_reason,
        CASE WHEN hold_reason = '' THEN %(now)s END,
        %(source)s, message_id, occurred_at, %(received_at)s, %(now)s,
        0, CASE WHEN hold_reason = 'UNCONFIRMED' THEN %(now)s END,
        'initiated', external_status, 0
    FROM decided WHERE TRUE ORDER BY claim_id
    ON CONFLICT (claim_id) DO UPDATE SET
        account_id = EXCLUDED.account_id,
        campaign_id = EXCLUDED.campaign_id,
        reward_id = EXCLUDED.reward_id,
        external_id = COALESCE(NULLIF(EXCLUDED.external_id, ''), claim.external_id),
        status = EXCLUDED.status,
        hold_reason = EXCLUDED.hold_reason,
        granted_at = EXCLUDED.granted_at,
        next_lookup_at = CASE WHEN EXCLUDED.hold_reason = 'UNCONFIRMED'
            THEN COALESCE(claim.next_lookup_at, EXCLUDED.next_lookup_at) END,
        not_ours_at = CASE WHEN EXCLUDED.hold_reason = 'NOT_OURS'
            THEN claim.not_ours_at END
    WHERE claim.status = 'HELD' AND (
        %(is_from_api)s
        OR claim.account_id = EXCLUDED.account_id
        AND claim.campaign_id = EXCLUDED.campaign_id
        AND claim.reward_id = EXCLUDED.reward_id
    )
"""

WRITE_ENTITLEMENTS = """
    INSERT INTO claims_entitlement (
        claim_id, player_id, sku, quantity, status, granted_at, fulfilment_id, revocation_reason
    )
    SELECT claim_id, player_id, sku, quantity, 'GRANTED', %(now)s, '', ''
    FROM granted
    JOIN claims_rewarditem USING (reward_id)
    JOIN claims_item AS item ON item.id = item_id
    ORDER BY claim_id, sku
"""

# Facts that only the claims API has. They may change in any status of a claim.
NOTE_API_FACTS = """
    UPDATE claims_claim SET
        external_status = CASE WHEN incoming.external_status = ''
            THEN claims_claim.external_status ELSE incoming.external_status END,
        occurred_at = COALESCE(claims_claim.occurred_at, incoming.occurred_at)
    FROM incoming
    WHERE claims_claim.claim_id = incoming.claim_id AND (
        incoming.external_status NOT IN ('', claims_claim.external_status)
        OR claims_claim.occurred_at IS NULL AND incoming.occurred_at IS NOT NULL
    )
"""

# --- PostgreSQL: one statement -----------------------------------------------------------------

_TYPES = dict.fromkeys(INCOMING_COLUMNS, "text") | {"occurred_at": "timestamptz"}
_ONE = ", ".join(f"%({column})s::{type_}" for column, type_ in _TYPES.items())
_ONE_INCOMING = f"incoming ({', '.join(INCOMING_COLUMNS)}) AS (SELECT {_ONE})"
# A single JSON text costs the driver a tenth of the time of eight arrays. PostgreSQL can also plan
# the statement once, because it assumes a hundred records for any JSON.
_TYPED_COLUMNS = ", ".join(f"{column} {type_}" for column, type_ in _TYPES.items())
_INCOMING_JSON = f"""
    incoming AS (
        SELECT * FROM json_to_recordset(%(incoming)s::json) AS incoming ({_TYPED_COLUMNS})
    )
"""

_RECORD = f"""
    WITH {{incoming}}, {KNOWN}, {DUE},
    locked AS ({LOCK_KICK_USERS} RETURNING account_id, player_id),
    {DECIDED.format(accounts="locked")},
    written AS (
        {WRITE_CLAIMS}
        RETURNING claim_id, status, hold_reason
    ),
    granted AS (
        SELECT claim_id, reward_id, player_id FROM decided JOIN written USING (claim_id)
        WHERE status = 'GRANTED'
    ),
    entitled AS ({WRITE_ENTITLEMENTS})
    SELECT claim_id, known_status, is_same, status IS NOT NULL,
        COALESCE(status, known_status), COALESCE(hold_reason, known_reason)
    FROM known LEFT JOIN written USING (claim_id)
"""


def _compact(statement: str) -> str:
    """Drop the indentation: psycopg doesn't cache parsed statements over 4,096 characters."""
    return re.sub(r"(?<=\() | (?=[),])", "", " ".join(statement.split()))


RECORD_ON_POSTGRESQL = _compact(_RECORD.format(incoming=_INCOMING_JSON))
# For a batch of one: every webhook.
RECORD_ONE_ON_POSTGRESQL = _compact(_RECORD.format(incoming=_ONE_INCOMING))

NOTE_API_FACTS_ON_POSTGRESQL = f"WITH {_INCOMING_JSON} {NOTE_API_FACTS}"

# --- SQLite: the same parts in turn ------------------------------------------------------------

_SQLITE_VALUES = ", ".join(
    f"json_extract(value, '$[{i}]') AS {column}" for i, column in enumerate(INCOMING_COLUMNS)
)
_SQLITE_INCOMING = f"incoming AS (SELECT {_SQLITE_VALUES} FROM json_each(%(incoming)s))"
_SQLITE_DUE = f"WITH {_SQLITE_INCOMING}, {KNOWN}, {DUE}"
_SQLITE_DECIDED = DECIDED.format(accounts="accounts_platformaccount")

SQLITE_KNOWN = f"""
    {_SQLITE_DUE}
    SELECT claim_id, known_status, is_same, claim_id IN (SELECT claim_id FROM due) FROM known
"""
SQLITE_WRITES = (
    f"{_SQLITE_DUE} {LOCK_KICK_USERS}",
    f"{_SQLITE_DUE}, {_SQLITE_DECIDED} {WRITE_CLAIMS}",
    f"""
    WITH {_SQLITE_INCOMING},
    granted AS (
        SELECT claim.claim_id, claim.reward_id, account.player_id
        FROM incoming JOIN claims_claim AS claim ON claim.claim_id = incoming.claim_id
        JOIN accounts_platformaccount AS account ON account.key = claim.account_id
        WHERE claim.status = 'GRANTED' AND NOT EXISTS (
            SELECT 1 FROM claims_entitlement AS entitlement
            WHERE entitlement.claim_id = claim.claim_id
        )
    )
    {WRITE_ENTITLEMENTS}
    """,
)
NOTE_API_FACTS_ON_SQLITE = f"WITH {_SQLITE_INCOMING} {NOTE_API_FACTS}"
SQLITE_STATUSES = f"""
    WITH {_SQLITE_INCOMING}
    SELECT claim.claim_id, claim.status, claim.hold_reason
    FROM incoming JOIN claims_claim AS claim ON claim.claim_id = incoming.claim_id
"""

# --- Both: held claims whose hold reason is out of date ------------------------------------------

FIND_HEALABLE = f"""
    WITH incoming AS (
        SELECT {", ".join(INCOMING_COLUMNS)} FROM claims_claim
        WHERE status = 'HELD' AND claim_id > %(after)s {{condition}}
    ), {KNOWN}
    SELECT {", ".join(INCOMING_COLUMNS)} FROM known
    WHERE known_reason <> {REASON_NOW} ORDER BY claim_id LIMIT %(limit)s
"""

# --- Both: claims of a page that can no longer change --------------------------------------------

FIND_SETTLED = """
    SELECT claim_id, account_id, campaign_id, reward_id, external_id, external_status,
        occurred_at IS NOT NULL
    FROM claims_claim WHERE claim_id {among} AND status <> 'HELD'
"""
POSTGRESQL_AMONG = "= ANY(%(claim_ids)s)"
SQLITE_AMONG = "IN (SELECT value FROM json_each(%(claim_ids)s))"

# --- Both: manual grants --------------------------------------------------------------------------

WRITE_MANUAL_CLAIM = """
    INSERT INTO claims_claim (
        claim_id, campaign_id, reward_id, external_id,
        status, hold_reason, first_hold_reason, granted_at,
        source, message_id, received_at, recorded_at,
        lookups, wanted_external_status, external_status, refused_writes
    )
    SELECT
        %(claim_id)s, %(campaign_id)s, %(reward_id)s, '',
        'GRANTED', '', '', %(now)s,
        'MANUAL', '', %(now)s, %(now)s,
        0, 'initiated', 'initiated', 0
    WHERE EXISTS (SELECT 1 FROM claims_rewarditem WHERE reward_id = %(reward_id)s)
    ON CONFLICT (claim_id) DO NOTHING
"""

ENTITLE_MANUAL_CLAIM = f"""
    WITH granted AS (
        SELECT claim_id, reward_id, %(player_id)s AS player_id
        FROM claims_claim WHERE claim_id = %(claim_id)s
    )
    {WRITE_ENTITLEMENTS}
"""
