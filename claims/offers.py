"""Offers: viewers earn rewards by what they do in partner channels.

A platform turns an event into earnings. Each offer that matches an earning is used once: the use is
a row, under the ID that its claim gets. After the offer's delay, and if no limit is reached, the
use becomes a claim, which the ledger grants or holds like any other.

Uses of an offer with limits are settled one transaction at a time, under a lock on the offer, so
that concurrent events can't exceed a limit. Lock order: offers in key order, then the ledger's.
"""

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F
from django.db.models.functions import TruncDate

from accounts.models import PlatformAccount
from claims.ledger import RecordedClaim, record_claims
from claims.mapping import map_rewards
from claims.models import Channel, Claim, Item, Offer, OfferUse, Reward
from claims.source import Award
from core.deadlocks import retry_deadlock_once
from core.leases import no_lease
from core.sql_values import to_db

BATCH_SIZE = 500
DAY = timedelta(days=1)

_INSERT = """
    INSERT INTO claims_offeruse ({columns}) VALUES {rows}
    ON CONFLICT (claim_id) DO NOTHING RETURNING claim_id
"""


@dataclass(frozen=True, slots=True)
class Earning:
    """Someone did something in a channel that offers may reward.

    `event_key` identifies what happened by its own facts, not by its message: the same event may
    arrive in several messages. `trigger` is a `Trigger.key`. `amount` is in the trigger's unit.
    `tier` is the platform's, such as "MID", if it has tiers.
    `channel_id` and `account` are keys of accounts.
    """

    event_key: str
    trigger: str
    account: str
    channel_id: str
    amount: int
    occurred_at: datetime
    message_id: str
    tier: str = ""

    @property
    def source(self) -> str:
        return self.trigger.partition(":")[0]

    def claim_id(self, offer: Offer) -> str:
        """The ID of the claim that this earning gives for an offer. Always the same."""
        text = "\n".join([self.event_key, self.trigger, self.account, offer.pk])
        return f"{self.source}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class RecordedUse:
    """The result of an earning for one offer. `claim` is None while it waits, or if refused.

    `is_new` is False for a repeat.
    """

    use: OfferUse
    is_new: bool
    claim: RecordedClaim | None = None


class UnknownChannel(Exception):
    """The channel isn't an active partner channel, so nothing is earned there."""


@transaction.atomic
def create_offer(
    *,
    name: str,
    offer: Offer,
    channels: Collection[Channel],
    items: Mapping[Item, int],
    actor: str,
    now: datetime,
) -> Offer:
    """Save a new offer with its reward, which is mapped to these items. Each call makes another."""
    source = offer.trigger.partition(":")[0]
    reward = Reward.objects.create(
        pk=f"offer-{uuid.uuid4().hex}", source=source, name=name, created_at=now
    )
    map_rewards({reward.pk: items}, actor=actor, now=now)
    offer.reward, offer.created_at = reward, now
    offer.save(force_insert=True)
    offer.channels.set(channels)
    return offer


@retry_deadlock_once
@transaction.atomic
def record_earnings(earnings: Sequence[Earning], *, now: datetime) -> list[RecordedUse]:
    """Record the uses of all offers that match these earnings (one or more), and claim those due.

    Raises UnknownChannel. A channel's owner earns nothing in it. On a repeat, nothing is written,
    and the uses are returned with `is_new` False.
    """
    channel_ids = {earning.channel_id for earning in earnings}
    if Channel.objects.filter(pk__in=channel_ids, is_active=True).count() < len(channel_ids):
        raise UnknownChannel
    uses = {use.pk: use for use in _matching_uses(earnings, now=now)}
    # A concurrent copy of the event may write them first. Then it claims them, too.
    new = insert_uses([uses[pk] for pk in sorted(uses)])
    claimed = [uses[pk] for pk in new if uses[pk].outcome == OfferUse.Outcome.CLAIMED]
    due = [pk for pk in new if uses[pk].due_at <= now and uses[pk] not in claimed]
    claims = _record(claimed, now=now) | _settle(due, now=now)
    stored = OfferUse.objects.in_bulk(uses.keys() - {use.pk for use in claimed})
    # A claim creates its account. Without one, support couldn't find who waits.
    waiting = {use.account_id for pk, use in stored.items() if pk in new and pk not in claims}
    if waiting:
        PlatformAccount.objects.bulk_create(
            [PlatformAccount(key=key, first_seen_at=now) for key in sorted(waiting)],
            ignore_conflicts=True,
        )
    return [
        RecordedUse(stored.get(pk, uses[pk]), is_new=pk in new, claim=claims.get(pk))
        for pk in sorted(uses)
    ]


def _matching_uses(earnings: Sequence[Earning], *, now: datetime) -> Iterator[OfferUse]:
    """The uses, not saved. Those that are due and that no limit can refuse are claimed at once."""
    first_at = min(earning.occurred_at for earning in earnings)
    triggers = {earning.trigger for earning in earnings}
    offers = Offer.objects.not_over(now=first_at).filter(trigger__in=triggers)
    # A row for each channel that an offer is limited to.
    only_in: dict[Offer, set[str]] = {}
    rows: Any = offers.select_related("reward").annotate(channel_id=F("channels"))
    for offer in rows:
        only_in.setdefault(offer, set()).update(filter(None, [offer.channel_id]))
    for earning, offer in product(earnings, only_in):
        if (
            offer.trigger == earning.trigger
            and offer.at_least <= earning.amount
            and (not offer.tier or offer.tier.casefold() == earning.tier.casefold())
            and offer.is_open_at(earning.occurred_at)
            and (not only_in[offer] or earning.channel_id in only_in[offer])
            and earning.account != earning.channel_id
        ):
            due_at = earning.occurred_at + timedelta(hours=offer.delay_hours)
            is_certain = due_at <= now and not offer.has_limits
            outcome = OfferUse.Outcome.CLAIMED if is_certain else OfferUse.Outcome.WAITING
            yield OfferUse(
                claim_id=earning.claim_id(offer),
                offer=offer,
                channel_id=earning.channel_id,
                account_id=earning.account,
                amount=earning.amount,
                message_id=earning.message_id,
                occurred_at=earning.occurred_at,
                received_at=now,
                due_at=due_at,
                outcome=outcome,
                refusal="",
            )


def insert_uses(uses: Sequence[OfferUse]) -> set[str]:
    """Returns the IDs of the rows that are new. Django's `bulk_create` can't tell."""
    if not uses:
        return set()
    fields = [str(field.attname) for field in OfferUse._meta.concrete_fields]
    row = f"({', '.join(['%s'] * len(fields))})"
    new: set[str] = set()
    for start in range(0, len(uses), BATCH_SIZE):
        batch = uses[start : start + BATCH_SIZE]
        statement = _INSERT.format(columns=", ".join(fields), rows=", ".join([row] * len(batch)))
        values = [to_db(getattr(use, field)) for use in batch for field in fields]
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            new |= {claim_id for (claim_id,) in cursor.fetchall()}
    return new


def settle_due_uses(*, now: datetime, renew: Callable[[], None] = no_lease) -> int:
    """Claim the uses whose delay is over. Returns the number of settled ones. On a repeat: 0."""
    waiting = OfferUse.objects.filter(outcome=OfferUse.Outcome.WAITING, due_at__lte=now)
    settled = 0
    while ids := list(waiting.order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH_SIZE]):
        with transaction.atomic():
            _settle(ids, now=now)
        settled += len(ids)
        renew()
    return settled


def _settle(use_ids: Collection[str], *, now: datetime) -> dict[str, RecordedClaim]:
    """Decide about waiting uses, and record the claims of those within the limits."""
    if not use_ids:
        return {}
    offers = lock_limited_offers(use_ids)
    waiting = OfferUse.objects.filter(pk__in=use_ids, outcome=OfferUse.Outcome.WAITING)
    # Locked, because the job and a webhook may settle the same uses.
    locked = waiting.select_for_update(of=("self",), no_key=True).order_by("pk")
    uses = list(locked.select_related("offer__reward"))
    counts = count_for_limits(offers, uses)
    for use in sorted(uses, key=lambda one: (one.occurred_at, one.pk)):
        use.refusal = counts[use.offer_id].reached(use)
        use.outcome = OfferUse.Outcome.REFUSED if use.refusal else OfferUse.Outcome.CLAIMED
        if not use.refusal:
            counts[use.offer_id].add(use)
    OfferUse.objects.bulk_update(uses, ["outcome", "refusal"])
    return _record([use for use in uses if use.outcome == OfferUse.Outcome.CLAIMED], now=now)


def _record(uses: Sequence[OfferUse], *, now: datetime) -> dict[str, RecordedClaim]:
    """Record the claims of uses that are claimed. Their offers' rewards are loaded."""
    by_source: defaultdict[str, list[Award]] = defaultdict(list)
    for use in uses:
        by_source[use.offer.reward.source].append(award_of(use))
    return {
        claim.claim_id: claim
        for source, awards in sorted(by_source.items())
        for claim in record_claims(
            awards,
            source=source,
            path=Claim.Path.WEBHOOK,
            is_authoritative=False,
            received_at=now,
            now=now,
        )
    }


def lock_limited_offers(use_ids: Collection[str]) -> dict[str, Offer]:
    ids = OfferUse.objects.filter(pk__in=use_ids).order_by().values_list("offer", flat=True)
    offers = Offer.objects.select_related("reward").in_bulk(set(ids))
    limited = sorted(pk for pk, offer in offers.items() if offer.has_limits)
    if limited:
        locked = Offer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=limited)
        # Read again: the limits may have changed while we waited for the lock.
        offers |= {one.pk: one for one in locked.select_related("reward").order_by("pk")}
    return offers


class LimitCounts:
    """Counts the claimed uses of an offer, to check a batch of uses against its limits.

    The caller holds the lock on the offer, and calls `add` for each use that becomes a claim. Days
    begin at midnight, UTC.
    """

    def __init__(self, offer: Offer, uses: Collection[OfferUse]) -> None:
        self._limits: list[tuple[str, int, Callable[[OfferUse], Hashable]]] = []
        self._counts: Counter[tuple[str, Hashable]] = Counter()
        claimed = OfferUse.objects.filter(offer=offer, outcome=OfferUse.Outcome.CLAIMED)
        days = [_day_of(use) for use in uses]
        in_days = claimed.annotate(day=TruncDate("occurred_at", tzinfo=UTC)).filter(
            occurred_at__gte=datetime.combine(min(days), time.min, UTC),
            occurred_at__lt=datetime.combine(max(days), time.min, UTC) + DAY,
        )
        accounts, channels = {use.account_id for use in uses}, {use.channel_id for use in uses}
        self._load(
            OfferUse.Refusal.PER_PLAYER,
            offer.limit_per_player,
            claimed.filter(account_id__in=accounts).values_list("account_id"),
            lambda use: (use.account_id,),
        )
        self._load(
            OfferUse.Refusal.PER_PLAYER_A_DAY,
            offer.limit_per_player_a_day,
            in_days.filter(account_id__in=accounts).values_list("account_id", "day"),
            lambda use: (use.account_id, _day_of(use)),
        )
        self._load(
            OfferUse.Refusal.PER_CHANNEL_A_DAY,
            offer.limit_per_channel_a_day,
            in_days.filter(channel_id__in=channels).values_list("channel_id", "day"),
            lambda use: (use.channel_id, _day_of(use)),
        )
        self._load(
            OfferUse.Refusal.IN_ALL,
            offer.limit_in_all,
            claimed.values_list("offer_id"),
            lambda use: (use.offer_id,),
        )

    def _load(
        self,
        name: str,
        limit: int | None,
        grouped: Any,
        key_of: Callable[[OfferUse], Hashable],
    ) -> None:
        if limit is None:
            return
        self._limits.append((name, limit, key_of))
        for *key, count in grouped.order_by().annotate(count=Count("pk")):
            self._counts[name, tuple(key)] = count

    def reached(self, use: OfferUse) -> str:
        """The first limit that this use would exceed, or ""."""
        over = (
            name for name, limit, key_of in self._limits if self._counts[name, key_of(use)] >= limit
        )
        return next(over, "")

    def add(self, use: OfferUse) -> None:
        for name, _, key_of in self._limits:
            self._counts[name, key_of(use)] += 1


def count_for_limits(
    offers: Mapping[str, Offer], uses: Collection[OfferUse]
) -> dict[str, LimitCounts]:
    """By offer. An offer without limits costs no query."""
    of_offer: defaultdict[str, list[OfferUse]] = defaultdict(list)
    for use in uses:
        of_offer[use.offer_id].append(use)
    return {pk: LimitCounts(offers[pk], mine) for pk, mine in of_offer.items()}


def _day_of(use: OfferUse) -> date:
    return use.occurred_at.astimezone(UTC).date()


def limit_is_reached_in(channel_id: str, *, offer: Offer, now: datetime) -> bool:
    """Whether no one can earn this offer in this channel any more, today or at all."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    claimed = OfferUse.objects.filter(offer=offer, outcome=OfferUse.Outcome.CLAIMED)
    in_all, in_channel = offer.limit_in_all, offer.limit_per_channel_a_day
    if in_all is not None and claimed.count() >= in_all:
        return True
    if in_channel is None:
        return False
    return claimed.filter(channel=channel_id, occurred_at__gte=today).count() >= in_channel


def award_of(use: OfferUse) -> Award:
    return Award(
        claim_id=use.pk,
        account=use.account_id,
        reward_id=use.offer_id,
        occurred_at=use.occurred_at,
        message_id=use.message_id,
    )
