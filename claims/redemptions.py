"""Redemptions: viewers pay for an offer's item with channel points.

The promise: each redemption ends accepted with its item granted once, or rejected with its points
given back and no item. So:

- An event is only a hint. A redemption counts once the platform's API shows it.
- The item is granted, and that is committed, before the redemption is accepted. If there can be no
  item, the refusal is committed before the redemption is rejected. Nothing is granted after that.
- An answer may get lost, and the streamer may answer by hand. So before anything is sent a second
  time, the redemption is read, and the platform's word wins.

A viewer without a link has the offer's time to link. A redemption that can't be settled by these
rules is STUCK: staff decide.

Lock order: the offer if it has limits, the redemption, then the ledger's.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q

from accounts.channels import access_token_of, channel_authorizations, renew_soon
from accounts.models import PlatformAccount
from claims.entitlements import revoke_entitlements
from claims.ledger import record_claims
from claims.models import (
    Channel,
    ChannelBan,
    ChannelReward,
    Claim,
    Entitlement,
    Offer,
    OfferUse,
    Redemption,
)
from claims.offers import (
    LimitCounts,
    award_of,
    count_for_limits,
    insert_uses,
    lock_limited_offers,
)
from claims.source import (
    ChannelRewardSource,
    ListedRedemption,
    RedemptionPage,
    RedemptionStatus,
    Unanswered,
)
from core.clock import Clock
from core.deadlocks import retry_deadlock_once
from core.leases import AT_A_STRETCH, HeldLease
from core.logs import log_event
from core.platform_errors import PlatformRefused, PlatformUnauthorized
from core.sql_values import to_db
from core.text import displayable

logger = logging.getLogger(__name__)

State = Redemption.State
Refusal = OfferUse.Refusal
PENDING = RedemptionStatus.PENDING

AT_MOST = 1000
# In one run, a channel has so many times 1,000 redemptions settled.
ROUNDS = 10
# A long list is read less often, so that it doesn't use up the budget of requests.
REST_PER_PAGE = timedelta(seconds=3)
# The list of accepted redemptions is read in steps of so many pages.
SWEPT_PAGES = 5
# A redemption that an event named, and that the API doesn't show for this long, doesn't exist.
LOOKED_UP_FOR = timedelta(hours=24)
# After so many answers without a clear effect, staff have to look.
ANSWERED_AT_MOST = 50
TAKEN_BACK = "The streamer gave the channel points back."

# An obstacle now -> the reason why there is no item in the end.
REFUSAL_OF_OBSTACLE: dict[str, Refusal] = {
    Claim.HoldReason.NOT_LINKED: Refusal.NOT_LINKED,
    Claim.HoldReason.PAUSED: Refusal.PAUSED,
    Claim.HoldReason.UNMAPPED_REWARD: Refusal.NO_ITEM,
}


@dataclass(frozen=True, slots=True)
class Hint:
    """A redemption as an event shows it: signed, but maybe old, or another app's copy."""

    redemption_id: str
    reward_id: str
    account: str
    channel_id: str
    status: RedemptionStatus
    redeemed_at: datetime
    message_id: str = ""
    name: str = ""


# Plain statements: a stream brings hundreds of events a second, and a webhook has three seconds.
_WRITE_USE = """
    INSERT INTO claims_offeruse (claim_id, offer_id, channel_id, account_id, amount, message_id,
        occurred_at, received_at, due_at, outcome, refusal)
    VALUES (%(use_id)s, %(offer)s, %(channel)s, %(account)s, %(amount)s, %(message_id)s,
        %(redeemed_at)s, %(now)s, %(due_at)s, 'OPEN', '')
    ON CONFLICT (claim_id) DO NOTHING
"""
_WRITE_ACCOUNT = """
    INSERT INTO accounts_platformaccount (key, name, first_seen_at)
    VALUES (%(account)s, %(name)s, %(now)s) ON CONFLICT (key) DO NOTHING
"""
_WRITE_REDEMPTION = """
    INSERT INTO claims_redemption (use_id, redemption_id, reward_id, state, attempts,
        next_attempt_at, error)
    VALUES (%(use_id)s, %(redemption_id)s, %(reward)s, 'UNCONFIRMED', 0, %(now)s, '')
"""


def note_hint(hint: Hint, *, source: str, now: datetime) -> str:
    """Store a redemption that an event names, to be confirmed soon. Returns the use's ID.

    "" if the reward isn't ours. On a repeat, nothing is written. An event about a change lets a
    redemption that is known be read again.
    """
    rewards = ChannelReward.objects.filter(
        external_id=hint.reward_id or None, channel=hint.channel_id
    )
    reward = rewards.values_list("pk", "offer_id", "offer__cost", "offer__hours_to_link").first()
    if reward is None:
        return ""
    use_id = _use_id(source, hint.redemption_id)
    if hint.status != RedemptionStatus.PENDING:
        known = Redemption.objects.filter(pk=use_id)
        if known.open().update(next_attempt_at=now) or known.exists():
            return use_id
    reward_pk, offer_id, cost, hours_to_link = reward
    redeemed_at = min(hint.redeemed_at, now)
    values = {
        "use_id": use_id,
        "redemption_id": hint.redemption_id,
        "reward": reward_pk,
        "offer": offer_id,
        "channel": hint.channel_id,
        "account": hint.account,
        "name": displayable(hint.name),
        "amount": cost or 1,
        "message_id": hint.message_id,
        "redeemed_at": to_db(redeemed_at),
        "due_at": to_db(redeemed_at + timedelta(hours=hours_to_link)),
        "now": to_db(now),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_WRITE_USE, values)
        if cursor.rowcount:
            cursor.execute(_WRITE_ACCOUNT, values)
            cursor.execute(_WRITE_REDEMPTION, values)
    return use_id


def wake_redemptions_of(*, account_id: str, now: datetime) -> int:
    """Let the account's open redemptions be settled now. Returns their number.

    Call it inside the transaction that links the account.
    """
    waiting = Redemption.objects.filter(state=State.OPEN, use__account_id=account_id)
    # The caller holds the account's lock, so waiting here could deadlock. A redemption that is
    # locked is being settled now. That waits for the account, and then sees the link.
    free = waiting.select_for_update(of=("self",), skip_locked=True, no_key=True)
    pks = list(free.values_list("pk", flat=True))
    return Redemption.objects.filter(pk__in=pks).update(next_attempt_at=now)


def note_ban(
    *, channel_id: str, account_id: str, banned_at: datetime, expires_at: datetime | None
) -> bool:
    """Refuse this viewer's redemptions in this channel. Returns False for an unknown channel.

    An older ban never replaces a newer ban, so on a repeat nothing changes.
    """
    if not Channel.objects.filter(pk=channel_id).exists():
        return False
    fields = {"banned_at": banned_at, "expires_at": expires_at}
    ban, is_new = ChannelBan.objects.get_or_create(
        channel_id=channel_id, account_id=account_id, defaults=fields
    )
    if not is_new:
        ChannelBan.objects.filter(pk=ban.pk, banned_at__lt=banned_at).update(**fields)
    return True


def settle_redemptions(*, source: ChannelRewardSource, clock: Clock, held: HeldLease) -> int:
    """List the pending redemptions of each connected channel, grant or refuse, and answer.

    Returns the number of redemptions whose end the platform has confirmed. On a repeat: 0. Only one
    worker may run this for a source at once. A channel whose token isn't accepted is left out until
    the token is renewed. Raises PlatformError if the platform fails otherwise.
    """
    ended, began_at = 0, clock()
    for channel_id in _channels_with_work(source, now=began_at):
        if clock() - began_at >= AT_A_STRETCH:
            break
        token = access_token_of(channel_id, now=clock())
        if not token:
            continue
        worker = _Settler(source, token, channel_id, clock=clock, held=held)
        try:
            ended += worker.run()
        except PlatformUnauthorized:
            renew_soon(channel_id, now=clock())
            log_event(logger, "channel_token_refused", logging.WARNING, channel=channel_id)
        except PlatformRefused as error:
            # About this channel only, such as a scope that its owner didn't allow.
            log_event(
                logger, "channel_refused", logging.WARNING, channel=channel_id, error=str(error)
            )
            _postpone(channel_id, error=str(error), now=clock())
    return ended


def _channels_with_work(source: ChannelRewardSource, *, now: datetime) -> list[str]:
    """Connected channels in which something is due, the one that was listed longest ago first."""
    connected = set(channel_authorizations().values_list("account_id", flat=True))
    due = Redemption.objects.filter(next_attempt_at__lte=now)
    ours = {f"{source.name}:{trigger.name}" for trigger in source.triggers}
    rewards = ChannelReward.objects.filter(offer__trigger__in=ours, channel__in=connected)
    found = rewards.filter(Q(redemptions__in=due) | _is_to_list(now=now) | _is_to_sweep(now=now))
    order = found.order_by(F("listed_at").asc(nulls_first=True), "channel")
    return list(dict.fromkeys(order.values_list("channel_id", flat=True)))


def _is_to_list(*, now: datetime) -> Q:
    since = now - settings.REDEMPTIONS_LISTED_EVERY
    return Q(state=ChannelReward.State.LIVE) & (Q(listed_at=None) | Q(listed_at__lte=since))


def _is_to_sweep(*, now: datetime) -> Q:
    since = now - settings.REDEMPTIONS_SWEPT_EVERY
    return Q(state=ChannelReward.State.LIVE) & (Q(swept_at=None) | Q(swept_at__lte=since))


def _use_id(source: str, redemption_id: str) -> str:
    return f"{source}:{redemption_id}"


@retry_deadlock_once
@transaction.atomic
def _store(
    listed: Sequence[ListedRedemption], reward: ChannelReward, *, source: str, now: datetime
) -> None:
    """Write those of a reward's redemptions that are new, with their uses and accounts."""
    by_use = {_use_id(source, one.redemption_id): one for one in listed}
    offer = reward.offer
    new = insert_uses(
        [
            OfferUse(
                claim_id=use_id,
                offer=offer,
                channel_id=reward.channel_id,
                account_id=one.account,
                amount=offer.cost or 1,
                message_id="",
                occurred_at=one.redeemed_at,
                received_at=now,
                due_at=one.redeemed_at + timedelta(hours=offer.hours_to_link),
                outcome=OfferUse.Outcome.OPEN,
                refusal="",
            )
            for use_id, one in sorted(by_use.items())
        ]
    )
    if not new:
        return
    keys = sorted({by_use[use_id].account for use_id in new})
    PlatformAccount.objects.bulk_create(
        [PlatformAccount(key=key, first_seen_at=now) for key in keys], ignore_conflicts=True
    )
    Redemption.objects.bulk_create(
        Redemption(
            pk=use_id,
            redemption_id=by_use[use_id].redemption_id,
            reward=reward,
            next_attempt_at=now,
        )
        for use_id in sorted(new)
    )


def _postpone(channel_id: str, *, error: str, now: datetime) -> None:
    ChannelReward.objects.filter(channel=channel_id).update(error=error[:200], listed_at=now)
    due = Redemption.objects.filter(reward__channel=channel_id, next_attempt_at__lte=now)
    due.update(next_attempt_at=now + settings.REDEMPTIONS_LISTED_EVERY)


# --- One channel ----------------------------------------------------------------------------------


class _Settler:
    """Settles one channel's due redemptions, with its owner's token."""

    def __init__(
        self,
        source: ChannelRewardSource,
        token: str,
        channel_id: str,
        *,
        clock: Clock,
        held: HeldLease,
    ) -> None:
        self._source = source
        self._token = token
        self._channel_id = channel_id
        self._clock = clock
        self._held = held

    def run(self) -> int:
        """Returns the number of redemptions whose end is confirmed now."""
        ended, shown = 0, self._list_redemptions()
        for _ in range(ROUNDS):
            due_ids, size = self._due_ids(), self._source.batch_size
            for start in range(0, len(due_ids), size):
                ids = due_ids[start : start + size]
                for accept, pks in self._decide(ids, shown).items():
                    if pks:
                        self._answer(pks, accept=accept)
                ended += Redemption.objects.filter(pk__in=ids, ended_at__isnull=False).count()
                self._held.renew()
            if len(due_ids) < AT_MOST:
                break
        return ended

    def _list_redemptions(self) -> dict[str, ListedRedemption]:
        """The listed redemptions that aren't ended here, by ID. New ones are stored."""
        shown: dict[str, ListedRedemption] = {}
        now = self._clock()
        rewards = ChannelReward.objects.filter(channel=self._channel_id)
        for reward in rewards.filter(_is_to_list(now=now)).select_related("offer").order_by("pk"):
            pages = 0
            for page in self._source.list_redemptions(self._token, reward.external_id, PENDING):
                shown |= self._note_page(reward, page)
                pages += 1
            reward.listed_at = self._clock() + REST_PER_PAGE * max(pages - 1, 0)
            reward.save(update_fields=["listed_at"])
        for reward in rewards.filter(_is_to_sweep(now=now)).select_related("offer").order_by("pk"):
            shown |= self._sweep(reward)
        return shown

    def _sweep(self, reward: ChannelReward) -> dict[str, ListedRedemption]:
        """Find redemptions that the streamer accepted before we saw them, and whose event got lost.

        A long list is read in several runs.
        """
        shown: dict[str, ListedRedemption] = {}
        pages = self._source.list_redemptions(
            self._token, reward.external_id, RedemptionStatus.ACCEPTED, cursor=reward.sweep_cursor
        )
        try:
            for page in islice(pages, SWEPT_PAGES):
                shown |= self._note_page(reward, page)
                reward.sweep_cursor = page.cursor
        except PlatformRefused:
            if not reward.sweep_cursor:
                raise
            reward.sweep_cursor = ""  # it's too old: begin anew
        else:
            reward.swept_at = self._clock() if not reward.sweep_cursor else reward.swept_at
        reward.save(update_fields=["sweep_cursor", "swept_at"])
        return shown

    def _note_page(
        self, reward: ChannelReward, page: RedemptionPage
    ) -> dict[str, ListedRedemption]:
        self._held.renew()
        ours = [one for one in page.redemptions if one.reward_id == reward.external_id]
        if not all(one.is_manageable for one in ours):
            self._give_up_reward(reward)
        _store(ours, reward, source=self._source.name, now=self._clock())
        listed = {one.redemption_id: one for one in ours}
        ended = Redemption.objects.filter(redemption_id__in=list(listed), next_attempt_at=None)
        for redemption_id in ended.values_list("redemption_id", flat=True):
            del listed[redemption_id]
        return listed

    def _give_up_reward(self, reward: ChannelReward) -> None:
        ChannelReward.objects.filter(pk=reward.pk).update(state=ChannelReward.State.FOREIGN)
        log_event(logger, "reward_not_ours", logging.WARNING, reward=reward.external_id)

    def _due_ids(self) -> list[str]:
        due = Redemption.objects.filter(
            next_attempt_at__lte=self._clock(), reward__channel=self._channel_id
        )
        return list(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:AT_MOST])

    def _decide(
        self, ids: Sequence[str], shown: Mapping[str, ListedRedemption]
    ) -> dict[bool, list[str]]:
        """Decide about each. Returns the ones to accept (True) and to reject (False)."""
        rows = Redemption.objects.in_bulk(ids)
        unseen = [
            row.redemption_id
            for row in rows.values()
            # After an answer was sent, the list is older than that.
            if _must_be_read(row) and (row.attempts or row.redemption_id not in shown)
        ]
        read = self._source.read_redemptions(self._token, unseen) if unseen else []
        by_id = {**shown, **{one.redemption_id: one for one in read}}
        now = self._clock()
        listed = {pk: by_id.get(row.redemption_id) for pk, row in rows.items()}
        granted = _grant_many({pk: one for pk, one in listed.items() if one}, now=now)
        to_answer: dict[bool, list[str]] = {True: sorted(granted), False: []}
        for pk in ids:
            if pk in granted:
                continue
            state = _decide_one(pk, listed[pk], was_read=_must_be_read(rows[pk]), now=now)
            if state in (State.ACCEPTING, State.REJECTING):
                to_answer[state == State.ACCEPTING].append(pk)
        return to_answer

    def _answer(self, pks: Sequence[str], *, accept: bool) -> None:
        now = self._clock()
        rows = Redemption.objects.filter(pk__in=pks)
        # Written before the call. If its answer gets lost, the redemption is read first next time.
        rows.update(
            attempts=F("attempts") + 1, next_attempt_at=now + settings.REDEMPTIONS_LISTED_EVERY
        )
        of_id = dict(rows.values_list("redemption_id", "pk"))
        failed = self._source.answer(self._token, list(of_id), accept=accept)
        now, done = self._clock(), [pk for one, pk in of_id.items() if one not in failed]
        state = State.ACCEPTED if accept else State.REJECTED
        _end(done, state, now=now)
        for redemption_id, reason in failed.items():
            if redemption_id in of_id:
                _note_failure(of_id[redemption_id], reason, now=now)


def _must_be_read(row: Redemption) -> bool:
    """Whether the platform's word is needed before anything else happens."""
    is_new_intent = row.state in (State.ACCEPTING, State.REJECTING) and not row.attempts
    return not is_new_intent


def _end(pks: Collection[str], state: State, *, error: str = "", now: datetime) -> None:
    Redemption.objects.filter(pk__in=pks).open().update(
        state=state, error=error, next_attempt_at=None, ended_at=now
    )


def _note_failure(pk: str, reason: Unanswered, *, now: datetime) -> None:
    log_event(logger, "redemption_not_answered", logging.WARNING, claim_id=pk, reason=reason)
    row = Redemption.objects.get(pk=pk)
    is_final = reason in (Unanswered.NOT_FOUND, Unanswered.NOT_OWNED)
    if is_final or row.attempts >= ANSWERED_AT_MOST:
        _end([pk], State.STUCK, error=reason, now=now)
        return
    is_answered = reason == Unanswered.NOT_PENDING  # read at once which one
    pause = timedelta(0) if is_answered else settings.BACK_OFFS["report"].pause(row.attempts)
    Redemption.objects.filter(pk=pk).open().update(next_attempt_at=now + pause, error=reason)


# --- A batch ------------------------------------------------------------------------------------


@retry_deadlock_once
@transaction.atomic
def _grant_many(listed: Mapping[str, ListedRedemption], *, now: datetime) -> set[str]:
    """Grant, with few statements, the redemptions of linked viewers that nothing is against.

    `listed` has the platform's word by use. Returns those that are granted, to be accepted. All
    others are left to `_decide_one`.
    """
    offers = lock_limited_offers(listed)
    undecided = Redemption.objects.filter(pk__in=listed, state__in=[State.UNCONFIRMED, State.OPEN])
    locked = undecided.select_for_update(of=("self",), no_key=True).order_by("pk")
    rows = list(locked.select_related("use", "reward__channel"))
    accounts = PlatformAccount.objects.filter(
        pk__in={row.use.account_id for row in rows}, player__isnull=False
    )
    # Locked, as the ledger does next: then they stay linked.
    linked = set(
        accounts.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)
    )
    facts = _Facts([row.use for row in rows], offers)
    chosen = []
    for row in sorted(rows, key=lambda one: (one.use.occurred_at, one.pk)):
        row.use.offer = offers[row.use.offer_id]
        one = listed[row.pk]
        is_grantable = (
            one.status == PENDING
            and one.is_manageable
            and _is_same(row, one)
            and row.use.account_id in linked
            and not facts.refusal(row)
        )
        if is_grantable:
            facts.counts[row.use.offer_id].add(row.use)
            chosen.append(row)
    if not chosen:
        return set()
    before = transaction.savepoint()
    if any(_record([row.use for row in chosen], now=now).values()):
        transaction.savepoint_rollback(before)  # paused or without an item: one by one, then
        return set()
    transaction.savepoint_commit(before)
    pks = {row.pk for row in chosen}
    OfferUse.objects.filter(pk__in=pks).update(outcome=OfferUse.Outcome.CLAIMED)
    Redemption.objects.filter(pk__in=pks).update(state=State.ACCEPTING, next_attempt_at=now)
    return pks


class _Facts:
    """Limits and bans, read for a batch of uses. The caller holds the locks on limited offers."""

    def __init__(self, uses: Sequence[OfferUse], offers: Mapping[str, Offer]) -> None:
        self.counts: dict[str, LimitCounts] = count_for_limits(offers, uses)
        bans = ChannelBan.objects.filter(account_id__in={use.account_id for use in uses})
        self._bans = {(one.channel_id, one.account_id): one for one in bans}

    def refusal(self, row: Redemption) -> str:
        """Why there can be no item, or ""."""
        use, channel = row.use, row.reward.channel
        if not channel.is_active:
            return Refusal.CHANNEL_LEFT
        if not use.offer.is_open_at(use.occurred_at):
            return Refusal.NOT_RUNNING
        if use.account_id == channel.pk:
            return Refusal.OWN_CHANNEL
        ban = self._bans.get((channel.pk, use.account_id))
        if ban and (ban.expires_at is None or ban.expires_at > use.occurred_at):
            return Refusal.BANNED
        return self.counts[use.offer_id].reached(use)


def _is_same(row: Redemption, listed: ListedRedemption) -> bool:
    return (listed.account, listed.reward_id) == (row.use.account_id, row.reward.external_id)


# --- One redemption -------------------------------------------------------------------------------


@retry_deadlock_once
@transaction.atomic
def _decide_one(pk: str, listed: ListedRedemption | None, *, was_read: bool, now: datetime) -> str:
    """Bring a redemption to its next state, and return that. `listed`: the platform's word now."""
    (offer,) = lock_limited_offers([pk]).values()
    rows = Redemption.objects.select_related("use", "reward__channel")
    row = rows.select_for_update(of=("self",), no_key=True).get(pk=pk)
    row.use.offer = offer
    if row.next_attempt_at is None:
        return row.state
    if listed is None:
        if was_read:
            _note_unknown(row, now=now)
        return row.state
    if not _is_same(row, listed):
        return _stop(row, "The platform shows another viewer or reward.", now=now)
    if listed.status == PENDING and not listed.is_manageable:
        return _stop(row, Unanswered.NOT_OWNED, now=now)
    if listed.status == RedemptionStatus.PENDING:
        _settle_pending(row, now=now)
    elif listed.status == RedemptionStatus.ACCEPTED:
        _settle_accepted(row, now=now)
    else:
        _settle_rejected(row, now=now)
    return row.state


def _settle_pending(row: Redemption, *, now: datetime) -> None:
    if row.state in (State.ACCEPTING, State.REJECTING):
        return  # decided: to be sent again
    refusal, obstacle = _refusal(row), ""
    if not refusal:
        obstacle = _grant(row.use, now=now)
        if not obstacle:
            _change(row, State.ACCEPTING, outcome=OfferUse.Outcome.CLAIMED, due_at=now)
            return
        if obstacle == Claim.HoldReason.UNMAPPED_REWARD or now >= row.use.due_at:
            refusal = REFUSAL_OF_OBSTACLE[obstacle]
        elif row.reward.channel.leaving_at:
            refusal = Refusal.CHANNEL_LEFT
    if refusal:
        _refuse(row, refusal)
        row.state, row.next_attempt_at = State.REJECTING, now
        row.save(update_fields=["state", "next_attempt_at"])
        return
    # A link wakes it. Nothing tells us when staff end a pause.
    is_unlinked = obstacle == Claim.HoldReason.NOT_LINKED
    due_at = (
        row.use.due_at
        if is_unlinked
        else min(now + settings.REDEMPTIONS_LISTED_EVERY, row.use.due_at)
    )
    _change(row, State.OPEN, outcome=OfferUse.Outcome.OPEN, due_at=due_at)


def _settle_accepted(row: Redemption, *, now: datetime) -> None:
    """The points are spent: by our answer, by the streamer's, or because the queue was skipped."""
    if row.state == State.ACCEPTING:
        _finish(row, State.ACCEPTED, now=now)
        return
    # Without a limit, or a reason that only staff can judge, the viewer gets the item.
    refusal = row.use.refusal or _refusal(row)
    if refusal and refusal != Refusal.NOT_LINKED:
        _refuse(row, refusal)
        _stop(row, "Accepted on the platform, but there is no item for it.", now=now)
        return
    row.use.refusal, row.use.outcome = "", OfferUse.Outcome.CLAIMED
    row.use.save(update_fields=["refusal", "outcome"])
    _record([row.use], now=now)  # granted, or held until the viewer links: it can't be given back
    _finish(row, State.ACCEPTED, now=now)


def _settle_rejected(row: Redemption, *, now: datetime) -> None:
    """The points were given back: by our answer, or by the streamer's."""
    if row.state != State.REJECTING:
        if row.use.outcome == OfferUse.Outcome.CLAIMED:
            mine = Entitlement.objects.filter(claim=row.pk).values_list("pk", flat=True)
            revoke_entitlements(entitlement_ids=list(mine), reason=TAKEN_BACK, now=now)
        _refuse(row, Refusal.BY_STREAMER)
    _finish(row, State.REJECTED, now=now)


def _refusal(row: Redemption) -> str:
    return _Facts([row.use], {row.use.offer_id: row.use.offer}).refusal(row)


def _grant(use: OfferUse, *, now: datetime) -> str:
    """Grant the item. Returns "", or why that isn't possible (now). Then there is no claim."""
    before = transaction.savepoint()
    reason = _record([use], now=now)[use.pk]
    if reason:
        transaction.savepoint_rollback(before)
    else:
        transaction.savepoint_commit(before)
    return reason


def _record(uses: Sequence[OfferUse], *, now: datetime) -> dict[str, str]:
    """Record the claims. Returns the hold reason of each, or ""."""
    reasons = {}
    for path in (Claim.Path.WEBHOOK, Claim.Path.SYNC):
        mine = [use for use in uses if bool(use.message_id) == (path == Claim.Path.WEBHOOK)]
        if mine:
            recorded = record_claims(
                [award_of(use) for use in mine],
                source=mine[0].offer.reward.source,
                path=path,
                is_authoritative=False,
                received_at=now,  # when it was confirmed; the use has the time of the event
                now=now,
            )
            reasons.update({one.claim_id: one.hold_reason for one in recorded})
    return reasons


def _note_unknown(row: Redemption, *, now: datetime) -> None:
    """The API doesn't show it (yet)."""
    if now - row.use.received_at < LOOKED_UP_FOR:
        pause = min(now - row.use.received_at, settings.REDEMPTIONS_LISTED_EVERY * 30)
        row.next_attempt_at = now + max(pause, timedelta(seconds=5))
        row.save(update_fields=["next_attempt_at"])
    elif row.state in (State.UNCONFIRMED, State.OPEN):
        _refuse(row, Refusal.UNKNOWN)
        _finish(row, State.REJECTED, now=now)
    else:
        _stop(row, Unanswered.NOT_FOUND, now=now)


def _change(row: Redemption, state: State, *, outcome: str, due_at: datetime) -> None:
    if row.use.outcome != outcome:
        row.use.outcome = outcome
        row.use.save(update_fields=["outcome"])
    row.state, row.next_attempt_at = state, due_at
    row.save(update_fields=["state", "next_attempt_at"])


def _refuse(row: Redemption, refusal: str) -> None:
    row.use.outcome, row.use.refusal = OfferUse.Outcome.REFUSED, refusal
    row.use.save(update_fields=["outcome", "refusal"])


def _finish(row: Redemption, state: State, *, error: str = "", now: datetime) -> None:
    row.state, row.error, row.next_attempt_at, row.ended_at = state, error, None, now
    row.save(update_fields=["state", "error", "next_attempt_at", "ended_at"])


def _stop(row: Redemption, error: str, *, now: datetime) -> str:
    _finish(row, State.STUCK, error=error, now=now)
    log_event(logger, "redemption_stuck", logging.WARNING, claim_id=row.pk, error=error)
    return row.state
