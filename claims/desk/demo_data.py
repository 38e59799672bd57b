"""Fills a database with what weeks of campaigns leave behind, to look at and to measure with.

The shapes are those of life: most claims come in bursts in the evening and in the hour in which a
stream begins, most players are linked by then, some link days later, some never; one reward is not
mapped; a few webhooks are lost; the game hands out within seconds of the next log-in; Kick is told
soon after. The rows are written directly: recording a million claims one by one would take hours.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Max, Model

from accounts.models import KickUser, LinkEvent, Player
from claims.models import (
    Campaign,
    CampaignReward,
    Claim,
    Entitlement,
    Item,
    Reward,
    RewardItem,
)

DAYS = 21
BATCH = 2000
CLAIMS_PER_KICK_USER = 2.5
TOLD_WITHIN = timedelta(minutes=2)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
Status, Reason, Source = Claim.Status, Claim.HoldReason, Claim.Source

# Of 1,000 Kick users: linked before their first claim, linked after it, never linked.
LINKED_FIRST, LINKED_LATE = 800, 120
# Of 1,000 claims: those whose webhook was lost, and those that are another organization's.
LOST_WEBHOOKS, FOREIGN = 25, 4
NAMES = ("ember", "nova", "vega", "lyra", "orion", "rook", "pixel", "moth", "quill", "sable")
OFFERS = (
    ("Ember cape", "cape-ember", 1),
    ("Chest of stardust", "stardust", 500),
    ("Nova blade", "blade-nova", 1),
    ("Lyra's lantern", "lantern-lyra", 1),
    ("Orbit emote", "emote-orbit", 1),
    ("Founder's banner", "banner-founder", 1),
)


@dataclass
class Batch:
    """Rows that are written together, in the order in which they need each other."""

    players: list[Player] = field(default_factory=list)
    kick_users: list[KickUser] = field(default_factory=list)
    events: list[LinkEvent] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    entitlements: list[Entitlement] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Offer:
    campaign_id: str
    reward_id: str
    sku: str
    quantity: int


def make_demo_data(*, claims: int, seed: int, now: datetime) -> Iterator[int]:
    """Write so many claims with all that belongs to them; yields how many are written so far.

    The same seed gives the same rows beside `now`. On a repeat as many more are added.
    """
    chance = random.Random(seed)  # noqa: S311 (no secret)
    offers = _make_catalogue(now)
    numbers = _Numbers(first=_first_number())
    made = 0
    while made < claims:
        batch = _make_batch(min(BATCH, claims - made), offers, numbers, chance, now)
        _write(batch)
        made += len(batch.claims)
        yield made


class _Numbers:
    """Ids that no row has yet, counted up from what is there."""

    def __init__(self, first: int) -> None:
        self.next = first

    def __call__(self) -> int:
        self.next += 1
        return self.next


def _first_number() -> int:
    return int(Player.objects.aggregate(last=Max("pk"))["last"] or 0) + 1_000_000


# --- What is claimed ---------------------------------------------------------------------------


@transaction.atomic
def _make_catalogue(now: datetime) -> list[Offer]:
    for name, sku, _ in OFFERS:
        Item.objects.get_or_create(sku=sku, defaults={"name": name})
    spans = (("Founders' Week", 21, 14), ("Launch Week", 9, -5), ("Rehearsal", 30, 22))
    offers: list[Offer] = []
    for number, (name, began, ended) in enumerate(spans):
        campaign, _ = Campaign.objects.get_or_create(
            campaign_id=f"01DEMOCAMPAIGN{number:012}",
            defaults={
                "name": name,
                "category": "Starfall Online",
                "starts_at": now - timedelta(days=began),
                "ends_at": now - timedelta(days=ended),
                "announcement_days": 3,
                "grace_days": 4,
                "channels": ["nova_live", "vega_watches"] if number else [],
                "is_test": name == "Rehearsal",
                "created_at": now - timedelta(days=began + 7),
            },
        )
        offers += _make_rewards(campaign, now)
    return offers


def _make_rewards(campaign: Campaign, now: datetime) -> Iterator[Offer]:
    """The first six are mapped to an item each; the last one nobody has mapped or named yet."""
    for number, (name, sku, quantity) in enumerate((*OFFERS, ("", "", 0))):
        reward, is_new = Reward.objects.get_or_create(
            reward_id=f"01DEMOREWARD{number:014}",
            defaults={
                "name": name,
                "external_id": sku,
                "first_mapped_at": now if sku else None,
                "created_at": now - timedelta(days=DAYS),
            },
        )
        if is_new and sku:
            item = Item.objects.get(sku=sku)
            RewardItem.objects.create(reward=reward, item=item, quantity=quantity)
        CampaignReward.objects.get_or_create(
            campaign=campaign, reward=reward, defaults={"required_minutes": 30 * (number + 1)}
        )
        yield Offer(campaign.pk, reward.pk, sku, quantity)


# --- Who claims it, and when -------------------------------------------------------------------


def _make_batch(
    size: int, offers: Sequence[Offer], numbers: _Numbers, chance: random.Random, now: datetime
) -> Batch:
    batch = Batch()
    while len(batch.claims) < size:
        kick_user = _make_kick_user(batch, numbers, chance, now)
        wanted = min(
            1 + int(chance.expovariate(1 / (CLAIMS_PER_KICK_USER - 1))),
            len(offers),
            size - len(batch.claims),
        )
        for offer in chance.sample(offers, wanted):
            _make_claim(batch, kick_user, offer, numbers, chance, now)
    return batch


def _make_kick_user(
    batch: Batch, numbers: _Numbers, chance: random.Random, now: datetime
) -> KickUser:
    number = numbers()
    seen_at = now - timedelta(days=DAYS * chance.random())
    kick_user = KickUser(
        kick_user_id=str(number), name=f"{chance.choice(NAMES)}_{number}", first_seen_at=seen_at
    )
    draw = chance.randrange(1000)
    if draw < LINKED_FIRST + LINKED_LATE:
        is_late = draw >= LINKED_FIRST
        linked_at = seen_at + timedelta(hours=chance.expovariate(1 / 30)) if is_late else seen_at
        _link(batch, kick_user, number, min(linked_at, now))
    batch.kick_users.append(kick_user)
    return kick_user


def _link(batch: Batch, kick_user: KickUser, number: int, at: datetime) -> None:
    player = Player(
        pk=number, game_account_id=f"sf-{number}", name=kick_user.name.title().replace("_", " "),
        created_at=at, last_login_at=at,
    )  # fmt: skip
    kick_user.player, kick_user.linked_at = player, at
    event = LinkEvent(kind="LINKED", kick_user=kick_user, player=player, actor="player", at=at)
    batch.players.append(player)
    batch.events.append(event)


def _moment(chance: random.Random, now: datetime) -> datetime:
    """More towards now, in the evening, and in the first minutes of an hour."""
    day = DAYS * chance.random() ** 1.5
    hour = (19 + chance.gauss(0, 3.2)) % 24
    minute = min(59.0, chance.expovariate(1 / 14))
    whole_day = (now - timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
    at = whole_day + timedelta(hours=math.floor(hour), minutes=minute)
    return at if at < now else at - timedelta(days=1)


# --- The claim and what became of it -----------------------------------------------------------


def _make_claim(
    batch: Batch,
    kick_user: KickUser,
    offer: Offer,
    numbers: _Numbers,
    chance: random.Random,
    now: datetime,
) -> None:
    claimed_at = max(_moment(chance, now), kick_user.first_seen_at)
    is_lost = chance.randrange(1000) < LOST_WEBHOOKS
    delay = chance.uniform(30, 900) if is_lost else chance.lognormvariate(-1.2, 0.6)
    recorded_at = min(claimed_at + timedelta(seconds=delay), now)
    number = numbers()
    claim = Claim(
        claim_id=_ulid(claimed_at, number),
        kick_user=kick_user,
        campaign_id=offer.campaign_id,
        reward_id=offer.reward_id,
        external_id=offer.sku,
        source=Source.RECONCILE if is_lost else Source.WEBHOOK,
        message_id="" if is_lost else _ulid(claimed_at, number + 7),
        kick_created_at=claimed_at,
        received_at=recorded_at,
        recorded_at=recorded_at,
    )
    if chance.randrange(1000) < FOREIGN:
        _hold_as_foreign(claim, now)
    else:
        _settle(batch, claim, offer, chance, now)
    batch.claims.append(claim)


def _hold_as_foreign(claim: Claim, now: datetime) -> None:
    claim.status, claim.campaign_id = Status.HELD, "01FOREIGNCAMPAIGN"
    claim.first_hold_reason = Reason.UNCONFIRMED
    given_up_at = claim.recorded_at + timedelta(days=1)
    if given_up_at < now:
        claim.hold_reason, claim.not_ours_at = Reason.NOT_OURS, given_up_at
    else:
        claim.hold_reason, claim.next_lookup_at = Reason.UNCONFIRMED, now + timedelta(hours=1)


def _settle(batch: Batch, claim: Claim, offer: Offer, chance: random.Random, now: datetime) -> None:
    kick_user = claim.kick_user
    linked_at = kick_user.linked_at if kick_user else None
    if not offer.sku:
        claim.first_hold_reason = claim.hold_reason = Reason.UNMAPPED_REWARD
    elif linked_at is None:
        claim.first_hold_reason = claim.hold_reason = Reason.NOT_LINKED
    claim.status = Status.HELD if claim.hold_reason else Status.GRANTED
    if linked_at and not claim.hold_reason:
        is_late = linked_at > claim.recorded_at
        claim.first_hold_reason = Reason.NOT_LINKED if is_late else ""
        claim.granted_at = max(claim.recorded_at, linked_at)
        batch.entitlements.append(_entitle(claim, offer, chance, now))


def _entitle(claim: Claim, offer: Offer, chance: random.Random, now: datetime) -> Entitlement:
    granted_at = claim.granted_at or now
    owed = Entitlement(
        claim=claim,
        player=claim.kick_user.player if claim.kick_user else None,
        sku=offer.sku,
        quantity=offer.quantity,
        status=Entitlement.Status.GRANTED,
        granted_at=granted_at,
    )
    listed_at = granted_at + timedelta(seconds=chance.lognormvariate(3, 1.8))
    if listed_at >= now:
        return owed
    owed.first_listed_at = listed_at
    fulfilled_at = listed_at + timedelta(seconds=chance.uniform(0.2, 4))
    if chance.randrange(1000) < 970 and fulfilled_at < now:
        _fulfil(owed, claim, fulfilled_at, now)
    elif chance.randrange(1000) < 100:
        _revoke(owed, claim, fulfilled_at)
    return owed


def _fulfil(owed: Entitlement, claim: Claim, at: datetime, now: datetime) -> None:
    owed.status, owed.fulfilled_at = Entitlement.Status.FULFILLED, at
    owed.fulfilment_id = f"mail-{claim.claim_id[-10:]}"
    processed = Claim.ExternalStatus.PROCESSED
    claim.wanted_external_status = processed
    if at < now - TOLD_WITHIN:
        claim.external_status = processed


def _revoke(owed: Entitlement, claim: Claim, at: datetime) -> None:
    owed.status, owed.revoked_at = Entitlement.Status.REVOKED, at
    owed.revocation_reason = "Claimed with a stolen account."
    claim.status, claim.revoked_at = Status.REVOKED, at


def _ulid(at: datetime, number: int) -> str:
    """26 characters, of which the first ten are the milliseconds of `at`, like Kick's."""
    return _base32(int(at.timestamp() * 1000), 10) + _base32(number * 2_654_435_761, 16)


def _base32(number: int, length: int) -> str:
    digits = (CROCKFORD[number >> 5 * place & 31] for place in reversed(range(length)))
    return "".join(islice(digits, length))


@transaction.atomic
def _write(batch: Batch) -> None:
    rows: tuple[
        list[Player] | list[KickUser] | list[LinkEvent] | list[Claim] | list[Entitlement], ...
    ]
    rows = (batch.players, batch.kick_users, batch.events, batch.claims, batch.entitlements)
    for some in rows:
        model: type[Model] | None = type(some[0]) if some else None
        if model:
            model._default_manager.bulk_create(some)
