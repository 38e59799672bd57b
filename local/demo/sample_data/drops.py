"""Sample claims: when they are made, and their status."""

import math
import random
from datetime import datetime, timedelta
from itertools import islice

from accounts.models import PlatformAccount
from claims.models import Claim, Confirmation, Entitlement, Report
from local.demo.catalogue import SOURCE
from local.demo.sample_data.batch import Batch, Numbers
from local.demo.sample_data.offers import DAYS, Offer

TOLD_WITHIN = timedelta(minutes=2)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
Status, Reason, Path = Claim.Status, Claim.HoldReason, Claim.Path
# Per 1,000 claims: lost webhooks, and claims of another organization.
LOST_WEBHOOKS, FOREIGN = 25, 4


def make_claim(
    batch: Batch,
    account: PlatformAccount,
    offer: Offer,
    numbers: Numbers,
    chance: random.Random,
    now: datetime,
) -> None:
    claimed_at = max(_moment(chance, now), account.first_seen_at)
    is_lost = chance.randrange(1000) < LOST_WEBHOOKS
    delay = chance.uniform(30, 900) if is_lost else chance.lognormvariate(-1.2, 0.6)
    recorded_at = min(claimed_at + timedelta(seconds=delay), now)
    number = numbers()
    claim = Claim(
        claim_id=_ulid(claimed_at, number),
        account=account,
        campaign_id=offer.campaign_id,
        reward_id=offer.reward_id,
        external_id=offer.sku,
        source=SOURCE,
        path=Path.SYNC if is_lost else Path.WEBHOOK,
        message_id="" if is_lost else _ulid(claimed_at, number + 7),
        occurred_at=claimed_at,
        received_at=recorded_at,
        recorded_at=recorded_at,
    )
    if chance.randrange(1000) < FOREIGN:
        _hold_as_foreign(batch, claim, now)
    else:
        _settle(batch, claim, offer, chance, now)
    batch.claims.append(claim)


def _hold_as_foreign(batch: Batch, claim: Claim, now: datetime) -> None:
    claim.status, claim.campaign_id = Status.HELD, "01FOREIGNCAMPAIGN"
    claim.first_hold_reason = Reason.UNCONFIRMED
    given_up_at = claim.recorded_at + timedelta(days=1)
    is_given_up = given_up_at < now
    claim.hold_reason = Reason.NOT_OURS if is_given_up else Reason.UNCONFIRMED
    batch.confirmations.append(
        Confirmation(
            claim=claim,
            source=claim.source,
            attempts=30,
            next_attempt_at=None if is_given_up else now + timedelta(hours=1),
            foreign_at=given_up_at if is_given_up else None,
        )
    )


def _settle(batch: Batch, claim: Claim, offer: Offer, chance: random.Random, now: datetime) -> None:
    account = claim.account
    linked_at = account.linked_at if account else None
    if not offer.sku:
        claim.first_hold_reason = claim.hold_reason = Reason.UNMAPPED_REWARD
    elif linked_at is None:
        claim.first_hold_reason = claim.hold_reason = Reason.NOT_LINKED
    claim.status = Status.HELD if claim.hold_reason else Status.GRANTED
    if linked_at and not claim.hold_reason:
        is_late = linked_at > claim.recorded_at
        claim.first_hold_reason = Reason.NOT_LINKED if is_late else ""
        claim.granted_at = max(claim.recorded_at, linked_at)
        batch.entitlements.append(_entitle(batch, claim, offer, chance, now))


def _entitle(
    batch: Batch, claim: Claim, offer: Offer, chance: random.Random, now: datetime
) -> Entitlement:
    granted_at = claim.granted_at or now
    owed = Entitlement(
        claim=claim,
        player=claim.account.player if claim.account else None,
        sku=offer.sku,
        quantity=offer.quantity,
        status=Entitlement.Status.GRANTED,
        granted_at=granted_at,
        announced_in=0,
    )
    listed_at = granted_at + timedelta(seconds=chance.lognormvariate(3, 1.8))
    if listed_at >= now:
        return owed
    owed.first_listed_at = listed_at
    fulfilled_at = listed_at + timedelta(seconds=chance.uniform(0.2, 4))
    if chance.randrange(1000) < 970 and fulfilled_at < now:
        _fulfil(batch, owed, claim, fulfilled_at, now)
    elif chance.randrange(1000) < 100:
        owed.status, owed.revoked_at = Entitlement.Status.REVOKED, fulfilled_at
        owed.revocation_reason = "Claimed with a stolen account."
        claim.status, claim.revoked_at = Status.REVOKED, fulfilled_at
    return owed


def _fulfil(batch: Batch, owed: Entitlement, claim: Claim, at: datetime, now: datetime) -> None:
    owed.status, owed.fulfilled_at = Entitlement.Status.FULFILLED, at
    owed.fulfilment_id = f"mail-{claim.claim_id[-10:]}"
    is_told = at < now - TOLD_WITHIN
    batch.reports.append(
        Report(
            claim=claim,
            source=claim.source,
            requested_at=at,
            reported_at=at + timedelta(seconds=10) if is_told else None,
            next_attempt_at=None if is_told else now,
        )
    )


def _moment(chance: random.Random, now: datetime) -> datetime:
    """A random time, more often recent, in the evening and in the first minutes of an hour."""
    day = DAYS * chance.random() ** 1.5
    hour = (19 + chance.gauss(0, 3.2)) % 24
    minute = min(59.0, chance.expovariate(1 / 14))
    whole_day = (now - timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
    at = whole_day + timedelta(hours=math.floor(hour), minutes=minute)
    return at if at < now else at - timedelta(days=1)


def _ulid(at: datetime, number: int) -> str:
    """26 characters like Kick's ids: the first ten encode the milliseconds of `at`."""
    return _base32(int(at.timestamp() * 1000), 10) + _base32(number * 2_654_435_761, 16)


def _base32(number: int, length: int) -> str:
    digits = (CROCKFORD[number >> 5 * position & 31] for position in reversed(range(length)))
    return "".join(islice(digits, length))
