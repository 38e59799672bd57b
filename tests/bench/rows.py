"""What must be in the database before anything is measured: made by the server itself, in SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import PlatformAccount, Player
from claims.models import Campaign, CampaignReward, Item, Reward, RewardItem
from tests.bench.traffic import CAMPAIGN_ID, FIRST_USER_ID, REWARD_ID, SOURCE

# Ids of ours for a number, as traffic.claim_id_of makes them.
CLAIM_ID = "'01K0BENCH' || lpad(n::text, 17, '0')"
_NO_TRIGGERS = "SET session_replication_role = replica"
_TRIGGERS = "SET session_replication_role = DEFAULT"

_PLAYERS = """
    INSERT INTO accounts_player (id, game_account_id, name, created_at, last_login_at)
    SELECT n + 1, 'account-' || n, 'Player ' || n, %(now)s, %(now)s
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n ON CONFLICT DO NOTHING
"""
_ACCOUNTS = """
    INSERT INTO accounts_platformaccount (key, name, player_id, linked_at, first_seen_at)
    SELECT 'kick:' || (%(first_user_id)s::numeric + n - %(first)s), 'viewer' || n, n + 1,
        %(now)s, %(now)s
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n ON CONFLICT DO NOTHING
"""
# A player's {per_player} claims lie apart, as they would after months.
_CLAIMS = f"""
    INSERT INTO claims_claim (
        claim_id, source, account_id, campaign_id, reward_id, external_id,
        status, granted_at, path, message_id, received_at, recorded_at
    )
    SELECT {CLAIM_ID}, '{SOURCE}', 'kick:' || ({FIRST_USER_ID}::numeric + n %% %(players)s),
        '{CAMPAIGN_ID}', '{REWARD_ID}', 'bench-cape',
        'GRANTED', %(now)s, 'WEBHOOK', '01K0MESSAGE' || n, %(now)s, %(now)s
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""
_ENTITLEMENTS = f"""
    INSERT INTO claims_entitlement (
        claim_id, player_id, sku, quantity, status, granted_at, first_listed_at,
        fulfilled_at, fulfilment_id, announced_in
    )
    SELECT {CLAIM_ID}, n %% %(players)s + 1, 'bench-cape', 1,
        CASE WHEN n >= %(open_from)s THEN 'GRANTED' ELSE 'FULFILLED' END, %(now)s, %(now)s,
        CASE WHEN n < %(open_from)s THEN %(now)s END,
        CASE WHEN n < %(open_from)s THEN 'handed-out' ELSE '' END, 0
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""
# Fulfilled claims have been reported.
_REPORTS = f"""
    INSERT INTO claims_report (claim_id, source, requested_at, reported_at)
    SELECT {CLAIM_ID}, 'kick_drops', %(now)s, %(now)s
    FROM generate_series(%(first)s::bigint, %(open_from)s::bigint - 1) AS n
"""


def make_catalogue() -> None:
    """One campaign with one reward that maps to one item, registered yesterday."""
    yesterday = timezone.now() - timedelta(days=1)
    campaign = Campaign.objects.create(
        campaign_id=CAMPAIGN_ID,
        source=SOURCE,
        name="Bench",
        category="Bench",
        created_at=yesterday,
    )
    reward = Reward.objects.create(
        reward_id=REWARD_ID,
        source=SOURCE,
        external_id="bench-cape",
        created_at=yesterday,
        first_mapped_at=yesterday,
    )
    item = Item.objects.create(sku="bench-cape", name="Bench cape")
    CampaignReward.objects.create(campaign=campaign, reward=reward)
    RewardItem.objects.create(reward=reward, item=item, quantity=1)


def make_linked_viewers(count: int, *, first: int = 0, first_user_id: int = FIRST_USER_ID) -> None:
    """Players number `first` and on, each linked to a Kick account; existing rows stay."""
    numbers = {
        "first": first,
        "last": first + count - 1,
        "first_user_id": first_user_id,
        "now": timezone.now(),
    }
    with bulk() as execute:
        execute(_PLAYERS, numbers)
        execute(_ACCOUNTS, numbers)
    _analyze(Player, PlatformAccount)


def make_entitlements(count: int, *, players: int, still_granted: int) -> None:
    """Claims number 0 and on with an entitlement each; all but the last ones are fulfilled."""
    numbers = {
        "first": 0,
        "last": count - 1,
        "players": players,
        "open_from": count - still_granted,
        "now": timezone.now(),
    }
    with bulk() as execute:
        execute(_CLAIMS, numbers)
        execute(_ENTITLEMENTS, numbers)
        execute(_REPORTS, numbers)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE claims_claim, claims_entitlement, claims_report")


def forget_claims() -> None:
    """Back to a database that has viewers and a catalogue alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE claims_entitlement, claims_confirmation, claims_report, claims_claim,"
            " claims_quarantineddelivery"
        )


@contextmanager
def bulk() -> Iterator[object]:
    """Foreign keys are not checked row by row: these rows are made to fit."""
    with connection.cursor() as cursor:
        cursor.execute(_NO_TRIGGERS)
        try:
            yield cursor.execute
        finally:
            cursor.execute(_TRIGGERS)


def _analyze(*models: type) -> None:
    tables = ", ".join(model._meta.db_table for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {tables}")
