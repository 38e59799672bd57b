"""A process that fills the database that DATABASE_URL names, as weeks of campaigns would.

    python -m tests.bench.desk.filling <claims> <now as ISO 8601>

The same moment gives the same first rows, however many claims follow them.
"""

import sys
from datetime import datetime

import django
from django.core.management import call_command

# What the made-up data leaves out, and what grows with the claims all the same: so many that a page
# is full on both sides. Ids are given in the order of the rows, so the first ones are the same.
_ACTS = """
    INSERT INTO claims_auditevent
        (action, actor, subject_kind, subject_id, player_id, reason, before, after, at)
    SELECT 'RETRY', 'ada', 'claim', claim_id, player_id, '', '{}', '{}', granted_at
    FROM claims_entitlement WHERE id % 5 = 1 ORDER BY id
"""
_JOBS = """
    INSERT INTO claims_bulkjob
        (kind, reward_id, subjects, actor, reason, outcome, total, done, changed, error,
         created_at, ended_at)
    SELECT 'RETRY', '', '[]', 'ada', '', 'DONE', 0, 0, 0, '', at, at
    FROM claims_auditevent WHERE id % 20 = 1 ORDER BY id
"""
_RUNS = """
    INSERT INTO claims_reconcilerun
        (kind, source, campaign_id, outcome, error, started_at, ended_at, busy, cursor, failures,
         pages, seen, recorded, granted, held, differs, unusable, missed)
    SELECT 'CATCH_UP', 'kick_drops', '', 'DONE', '', at, at, '1 second', '', 0, 1, 9,
        0, 0, 0, 0, 0, 0
    FROM claims_auditevent WHERE id % 2 = 1 ORDER BY id
"""
# No more than are ever kept.
_DELIVERIES = """
    INSERT INTO claims_quarantineddelivery
        (verdict, source, key, message_id, timestamp, claim_id, body, size, reason, received_at)
    SELECT 'UNUSABLE', '', 'webhook:' || claim_id, claim_id, '', '', '{}', 2, 'No claim_id.',
        granted_at
    FROM claims_entitlement WHERE id % 5 = 1 ORDER BY id LIMIT 10000
"""
_GRANTS = """
    INSERT INTO accounts_authorization
        (account_id, purpose, encrypted_refresh_token, encrypted_access_token, scope, authorized_at,
         obtained_at, next_refresh_at, failed_refreshes)
    SELECT key, 'player', '', '', 'user:read', linked_at, linked_at,
        linked_at + interval '30 days', 0
    FROM accounts_platformaccount WHERE player_id IS NOT NULL
"""
_REVOCATIONS = """
    INSERT INTO accounts_deauthorization
        (account_id, encrypted_refresh_token, outcome, attempts, created_at, ended_at)
    SELECT account_id, '', 'REVOKED', 1, at, at
    FROM accounts_linkevent WHERE id % 3 = 1 ORDER BY id
"""


ON_A_PAGE = 50


def main(claims: int, now: datetime) -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    from local.demo.sample_data import make_sample_data

    for _ in make_sample_data(claims=claims, seed=1, now=now):
        pass
    add_the_rest(now)
    _execute("VACUUM ANALYZE")


def add_the_rest(now: datetime) -> None:
    """To made-up data, what grows beside it."""
    _make_newcomers(now)
    _leave_one_unreported(now)
    _execute(_ACTS, _JOBS, _RUNS, _DELIVERIES, _GRANTS, _REVOCATIONS)


def _make_newcomers(now: datetime) -> None:
    """What nobody has claimed yet: to look for it is to look through all that is something else.

    And as many unconfirmed claims as a page shows: of ten thousand, only one or two are.
    """
    from accounts.models import PlatformAccount
    from claims.models import (
        Campaign,
        CampaignReward,
        Claim,
        Confirmation,
        Item,
        Reward,
        RewardItem,
    )
    from core.models import Lease

    campaign = Campaign.objects.create(
        campaign_id="01NEWCAMPAIGN",
        source="kick_drops",
        name="Next week",
        category="Starfall Online",
        created_at=now,
    )
    reward = Reward.objects.create(
        reward_id="01NEWREWARD",
        source="kick_drops",
        name="Comet",
        external_id="comet-new",
        created_at=now,
    )
    item = Item.objects.create(sku="comet-new", name="Comet")
    CampaignReward.objects.create(campaign=campaign, reward=reward)
    RewardItem.objects.create(reward=reward, item=item, quantity=1)
    viewer = PlatformAccount.objects.order_by("pk")[0]
    doubtful = {"status": "HELD", "hold_reason": "UNCONFIRMED", "first_hold_reason": "UNCONFIRMED"}
    claims = Claim.objects.bulk_create(
        Claim(
            claim_id=f"01DOUBTFUL{number:016}",
            account=viewer,
            campaign_id="01FOREIGNCAMPAIGN",
            reward_id="01FOREIGNREWARD",
            source="kick_drops",
            path=Claim.Path.WEBHOOK,
            received_at=now,
            recorded_at=now,
            **doubtful,
        )
        for number in range(ON_A_PAGE)
    )
    Confirmation.objects.bulk_create(
        Confirmation(claim=claim, source=claim.source, next_attempt_at=now) for claim in claims
    )
    Lease.objects.create(job="heartbeat", expires_at=now, not_before=now, last_began_at=now)


def _leave_one_unreported(now: datetime) -> None:
    """Without a pending report no page looks for the oldest one, which saves a query."""
    from claims.models import Entitlement, Report

    oldest = Entitlement.objects.filter(status="FULFILLED").order_by("pk")[0]
    Report.objects.filter(pk=oldest.claim_id).update(reported_at=None, next_attempt_at=now)


def _execute(*statements: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


if __name__ == "__main__":
    main(int(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
