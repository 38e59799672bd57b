"""The ledger's SQL statements. `claims.ledger` explains what they guarantee.

PostgreSQL records a batch in one statement. SQLite can't write several tables in one statement, so
there the same parts run one after the other in an IMMEDIATE transaction, during which no one else
can write. The parts that decide (`KNOWN`, `REASON`, `DUE`) and that write exist once, for both.

Each part reads `incoming`, whose columns are `INCOMING_COLUMNS`.
"""

import re

# The fields of an Award, as columns and their types on PostgreSQL.
INCOMING_COLUMNS = {
    "claim_id": "text",
    "account_id": "text",
    "campaign_id": "text",
    "reward_id": "text",
    "external_id": "text",
    "message_id": "text",
    "quantity": "bigint",
    "occurred_at": "timestamptz",
    "is_reported": "boolean",
}

# Whether a recorded claim has the contents of {new}.
_SAME_CONTENTS = """
    (claim.account_id, claim.reward_id, claim.quantity, claim.campaign_id)
    IS NOT DISTINCT FROM ({new}.account_id, {new}.reward_id, {new}.quantity, {new}.campaign_id)
"""

# Each incoming claim, with its recorded state and the facts that decide about it. `obstacle` is the
# first reason to hold it other than a missing link. A claim is registered as ours by its pair of
# campaign and reward, or by its reward if it has no campaign.
KNOWN = f"""
    known AS (
        SELECT
            new.*,
            claim.status AS known_status,
            claim.hold_reason AS known_reason,
            {_SAME_CONTENTS.format(new="new")}
                AND (claim.external_id = new.external_id
                     OR '' IN (claim.external_id, new.external_id))
                AS is_same,
            (
                SELECT player_id FROM accounts_platformaccount WHERE key = new.account_id
            ) AS known_player_id,
            CASE
                WHEN NOT EXISTS (
                    SELECT 1 FROM claims_campaignreward
                    WHERE campaign_id = new.campaign_id AND reward_id = new.reward_id
                ) AND NOT EXISTS (
                    SELECT 1 FROM claims_reward
                    WHERE new.campaign_id IS NULL AND reward_id = new.reward_id
                        AND source IN (claim.source, %(source)s)
                ) THEN CASE WHEN foreign_at IS NULL THEN 'UNCONFIRMED' ELSE 'NOT_OURS' END
                WHEN NOT EXISTS (
                    SELECT 1 FROM claims_rewarditem WHERE reward_id = new.reward_id
                ) THEN 'UNMAPPED_REWARD'
                WHEN EXISTS (
                    SELECT 1 FROM claims_pause
                    WHERE reward_id = new.reward_id OR campaign_id = new.campaign_id
                ) THEN 'PAUSED'
            END AS obstacle
        FROM incoming AS new
        LEFT JOIN claims_claim AS claim USING (claim_id)
        LEFT JOIN claims_confirmation USING (claim_id)
    )
"""

# Why a claim is held, in order of precedence; '' if nothing holds it. {player_id} is the player
# linked to its account.
REASON = "COALESCE(obstacle, CASE WHEN {player_id} IS NULL THEN 'NOT_LINKED' ELSE '' END)"
REASON_NOW = REASON.format(player_id="known_player_id")

# The claims to write: new ones, and held ones whose reason has changed. Repeated claims write
# nothing and lock nothing. An authoritative claim overwrites a held one with other contents.
# This is a CASE because PostgreSQL expects it to match half of the rows. It expects an OR to match
# almost none, and would join what follows row by row.
DUE = f"""
    due AS (
        SELECT * FROM known
        WHERE CASE
            WHEN known_status IS NULL THEN TRUE
            WHEN known_status <> 'HELD' THEN FALSE
            WHEN is_same THEN known_reason <> {REASON_NOW}
            ELSE %(is_authoritative)s
        END
    )
"""

# Locks each account's row in key order, and creates missing rows. Without this lock, a claim
# recorded while its account is being linked would stay held. An update without effect is the only
# way to lock and read a row in the statement that may also insert it.
LOCK_ACCOUNTS = """
    INSERT INTO accounts_platformaccount AS account (key, first_seen_at)
    SELECT DISTINCT account_id, %(now)s FROM due ORDER BY account_id
    ON CONFLICT (key) DO UPDATE SET name = account.name
"""

# {accounts} has the player of each locked account.
DECIDED = f"""
    decided AS (
        SELECT due.*, player_id, {REASON.format(player_id="player_id")} AS hold_reason
        FROM due JOIN {{accounts}} ON key = account_id
    )
"""

# A claim that is no longer held never changes here, whatever arrives.
WRITE_CLAIMS = f"""
    INSERT INTO claims_claim AS claim (
        claim_id, source, account_id, campaign_id, reward_id, external_id, quantity,
        status, hold_reason, first_hold_reason, granted_at,
        path, message_id, occurred_at, received_at, recorded_at
    )
    SELECT
        claim_id, %(source)s, account_id, campaign_id, reward_id, external_id, quantity,
        CASE WHEN hold_reason = '' THEN 'GRANTED' ELSE 'HELD' END,
        hold_reason, hold_reason,
        CASE WHEN hold_reason = '' THEN %(now)s END,
        %(path)s, message_id, occurred_at, %(received_at)s, %(now)s
    FROM decided ORDER BY claim_id
    ON CONFLICT (claim_id) DO UPDATE SET
        account_id = EXCLUDED.account_id,
        campaign_id = EXCLUDED.campaign_id,
        reward_id = EXCLUDED.reward_id,
        quantity = EXCLUDED.quantity,
        external_id = COALESCE(NULLIF(EXCLUDED.external_id, ''), claim.external_id),
        status = EXCLUDED.status,
        hold_reason = EXCLUDED.hold_reason,
        granted_at = EXCLUDED.granted_at
    WHERE claim.status = 'HELD' AND (
        %(is_authoritative)s OR {_SAME_CONTENTS.format(new="EXCLUDED")}
    )
"""

# A claim that was just held as unconfirmed is looked up. {written} are the rows just written.
WRITE_CONFIRMATIONS = """
    INSERT INTO claims_confirmation (claim_id, source, next_attempt_at)
    SELECT claim_id, source, %(now)s FROM {written} WHERE hold_reason = 'UNCONFIRMED'
    ON CONFLICT (claim_id) DO NOTHING
"""
# The lookups of a claim end once it is no longer in doubt. {settled} are such claims.
END_CONFIRMATIONS = """
    DELETE FROM claims_confirmation WHERE claim_id IN (SELECT claim_id FROM {settled})
"""

WRITE_ENTITLEMENTS = """
    INSERT INTO claims_entitlement (claim_id, player_id, sku, quantity, status, granted_at)
    SELECT claim_id, player_id, sku, mapping.quantity * granted.quantity, 'GRANTED', %(now)s
    FROM granted
    JOIN claims_rewarditem AS mapping USING (reward_id)
    JOIN claims_item AS item ON item.id = item_id
    ORDER BY claim_id, sku
"""

# Facts that only the platform's API knows. They may change for a claim of any status: when it was
# earned, and whether the platform shows it as delivered, which a report has to agree with.
NOTE_TIMES = """
    UPDATE claims_claim SET occurred_at = incoming.occurred_at
    FROM incoming
    WHERE claims_claim.claim_id = incoming.claim_id
        AND claims_claim.occurred_at IS NULL AND incoming.occurred_at IS NOT NULL
"""
NOTE_REPORTS = """
    UPDATE claims_report SET
        reported_at = CASE WHEN incoming.is_reported THEN %(now)s END,
        next_attempt_at = CASE WHEN NOT incoming.is_reported THEN %(now)s END,
        refusals = 0
    FROM incoming
    WHERE claims_report.claim_id = incoming.claim_id
        AND incoming.is_reported <> (claims_report.reported_at IS NOT NULL)
"""

# --- PostgreSQL: one statement -----------------------------------------------------------------

_ONE = ", ".join(f"%({column})s::{type_}" for column, type_ in INCOMING_COLUMNS.items())
_ONE_INCOMING = f"incoming ({', '.join(INCOMING_COLUMNS)}) AS (SELECT {_ONE})"
# One JSON text costs the driver a tenth of the time of an array per column. PostgreSQL can plan the
# statement once, because it assumes 100 records for any JSON.
_TYPED_COLUMNS = ", ".join(f"{column} {type_}" for column, type_ in INCOMING_COLUMNS.items())
_INCOMING_JSON = f"""
    incoming AS (
        SELECT * FROM json_to_recordset(%(incoming)s::json) AS incoming ({_TYPED_COLUMNS})
    )
"""

# Only a claim that was in doubt before can have a confirmation to end.
_SETTLED = """
    written JOIN decided USING (claim_id)
    WHERE known_reason IN ('UNCONFIRMED', 'NOT_OURS')
        AND written.hold_reason NOT IN ('UNCONFIRMED', 'NOT_OURS')
"""

_RECORD = f"""
    WITH {{incoming}}, {KNOWN}, {DUE},
    locked AS ({LOCK_ACCOUNTS} RETURNING key, player_id),
    {DECIDED.format(accounts="locked")},
    written AS (
        {WRITE_CLAIMS}
        RETURNING claim_id, source, status, hold_reason
    ),
    granted AS (
        SELECT claim_id, reward_id, quantity, player_id FROM decided JOIN written USING (claim_id)
        WHERE status = 'GRANTED'
    ),
    entitled AS ({WRITE_ENTITLEMENTS}),
    in_doubt AS ({WRITE_CONFIRMATIONS.format(written="written")}),
    confirmed AS ({END_CONFIRMATIONS.format(settled=_SETTLED)})
    SELECT claim_id, known_status, is_same, status IS NOT NULL,
        COALESCE(status, known_status), COALESCE(hold_reason, known_reason)
    FROM known LEFT JOIN written USING (claim_id)
"""


def _compact(statement: str) -> str:
    """Remove white space: psycopg re-parses statements of more than 4,096 characters each time."""
    return re.sub(r"(?<=[(),=']) | (?=[(),='])", "", " ".join(statement.split()))


RECORD_ON_POSTGRESQL = _compact(_RECORD.format(incoming=_INCOMING_JSON))
# For a batch of one that isn't authoritative, that is, for each webhook.
RECORD_ONE_ON_POSTGRESQL = _compact(
    _RECORD.format(incoming=_ONE_INCOMING).replace("%(is_authoritative)s", "FALSE")
)

NOTE_API_FACTS_ON_POSTGRESQL = (
    f"WITH {_INCOMING_JSON} {NOTE_TIMES}",
    f"WITH {_INCOMING_JSON} {NOTE_REPORTS}",
)

# --- SQLite: the same parts, one after the other -----------------------------------------------

_SQLITE_VALUES = ", ".join(
    f"json_extract(value, '$[{i}]') AS {column}" for i, column in enumerate(INCOMING_COLUMNS)
)
_SQLITE_INCOMING = f"incoming AS (SELECT {_SQLITE_VALUES} FROM json_each(%(incoming)s))"
_SQLITE_DUE = f"WITH {_SQLITE_INCOMING}, {KNOWN}, {DUE}"
_SQLITE_DECIDED = DECIDED.format(accounts="accounts_platformaccount")
_SQLITE_WRITTEN = "claims_claim JOIN incoming USING (claim_id)"
_SQLITE_SETTLED = f"{_SQLITE_WRITTEN} WHERE hold_reason NOT IN ('UNCONFIRMED', 'NOT_OURS')"

SQLITE_KNOWN = f"""
    {_SQLITE_DUE}
    SELECT claim_id, known_status, is_same, claim_id IN (SELECT claim_id FROM due) FROM known
"""
SQLITE_WRITES = (
    f"{_SQLITE_DUE} {LOCK_ACCOUNTS}",
    f"{_SQLITE_DUE}, {_SQLITE_DECIDED} {WRITE_CLAIMS}",
    f"WITH {_SQLITE_INCOMING} {WRITE_CONFIRMATIONS.format(written=_SQLITE_WRITTEN)}",
    f"WITH {_SQLITE_INCOMING} {END_CONFIRMATIONS.format(settled=_SQLITE_SETTLED)}",
    f"""
    WITH {_SQLITE_INCOMING},
    granted AS (
        SELECT claim.claim_id, claim.reward_id, claim.quantity, account.player_id
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
NOTE_API_FACTS_ON_SQLITE = (
    f"WITH {_SQLITE_INCOMING} {NOTE_TIMES}",
    f"WITH {_SQLITE_INCOMING} {NOTE_REPORTS}",
)
SQLITE_STATUSES = f"""
    WITH {_SQLITE_INCOMING}
    SELECT claim.claim_id, claim.status, claim.hold_reason
    FROM incoming JOIN claims_claim AS claim ON claim.claim_id = incoming.claim_id
"""

# --- Both: held claims whose hold reason is out of date ------------------------------------------

_STORED = ", ".join(
    {"is_reported": "NULL AS is_reported"}.get(column, column) for column in INCOMING_COLUMNS
)
FIND_HEALABLE = f"""
    WITH incoming AS (
        SELECT {_STORED} FROM claims_claim
        WHERE status = 'HELD' AND claim_id > %(after)s {{condition}}
    ), {KNOWN}
    SELECT {", ".join(INCOMING_COLUMNS)} FROM known
    WHERE known_reason <> {REASON_NOW} ORDER BY claim_id LIMIT %(limit)s
"""

# --- Both: claims of a page that are granted or revoked, so that recording can't change them -----

FIND_SETTLED = """
    SELECT claim_id, account_id, COALESCE(campaign_id, ''), reward_id, external_id, quantity,
        occurred_at IS NOT NULL,
        CASE WHEN report.claim_id IS NOT NULL THEN report.reported_at IS NOT NULL END
    FROM claims_claim LEFT JOIN claims_report AS report USING (claim_id)
    WHERE claim_id {among} AND status <> 'HELD'
"""
POSTGRESQL_AMONG = "= ANY(ARRAY(SELECT value FROM json_array_elements_text(%(claim_ids)s::json)))"
SQLITE_AMONG = "IN (SELECT value FROM json_each(%(claim_ids)s))"

# --- Both: manual grants --------------------------------------------------------------------------

WRITE_MANUAL_CLAIM = """
    INSERT INTO claims_claim (
        claim_id, source, campaign_id, reward_id, status, granted_at, path, received_at, recorded_at
    )
    SELECT
        %(claim_id)s, 'manual', %(campaign_id)s, %(reward_id)s, 'GRANTED', %(now)s,
        'MANUAL', %(now)s, %(now)s
    WHERE EXISTS (SELECT 1 FROM claims_rewarditem WHERE reward_id = %(reward_id)s)
    ON CONFLICT (claim_id) DO NOTHING
"""

ENTITLE_MANUAL_CLAIM = f"""
    WITH granted AS (
        SELECT claim_id, reward_id, quantity, %(player_id)s AS player_id
        FROM claims_claim WHERE claim_id = %(claim_id)s
    )
    {WRITE_ENTITLEMENTS}
"""
