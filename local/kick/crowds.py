"""Bulk claims, each by a new viewer. Raw SQL, because a million must take about a minute."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import connection, transaction

from .models import CampaignReward, Claim
from .registry import new_user_ids
from .ulid import new_ulids

# Other writers can run between two transactions.
PER_TRANSACTION = 10_000

_INSERT_VIEWERS = """
    INSERT INTO local_kick_viewer (user_id, name, created_at) VALUES (?, ?, ?)"""
_INSERT_CLAIMS = """
    INSERT INTO local_kick_claim (claim_id, user_id, organization_id, campaign_id, reward_id,
                                  external_id, external_status, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, 'initiated', ?, ?)"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """`count` new claims, with ascending ids from the first to the last."""

    count: int
    first_claim_id: str
    last_claim_id: str


def make_crowd(*, attachment: CampaignReward, count: int, now: datetime) -> Crowd:
    """Create `count` new viewers who claim the reward, without checking watch time or links.

    A repeat creates more.
    """
    start = new_user_ids(count)
    user_ids = map(str, range(start, start + count))
    pairs = zip(new_ulids(count, now=now), user_ids, strict=True)
    moment = connection.ops.adapt_datetimefield_value(now)
    campaign, reward = attachment.campaign, attachment.reward
    fixed = (campaign.organization_id, campaign.pk, reward.pk, reward.external_id, moment, moment)
    first = last = ""
    while chunk := list(islice(pairs, PER_TRANSACTION)):
        with transaction.atomic():
            # Django's cursor would rewrite the placeholders for every row.
            run = connection.connection.executemany
            run(_INSERT_VIEWERS, ((user, f"crowd-{user}", moment) for _, user in chunk))
            run(_INSERT_CLAIMS, ((claim, user, *fixed) for claim, user in chunk))
        first = first or chunk[0][0]
        last = chunk[-1][0]
    return Crowd(count=count, first_claim_id=first, last_claim_id=last)


def claims_of(crowd: Crowd) -> list[Claim]:
    """Return the new claims, each with its organization. Don't use it for a million."""
    made = Claim.objects.select_related("organization").order_by("claim_id")
    ends = (crowd.first_claim_id, crowd.last_claim_id)
    return list(made.filter(claim_id__range=ends))
