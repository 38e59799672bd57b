"""Keeps offers' rewards on the platform as the desk has them, in each connected channel.

The row is written before the platform is called. If the answer gets lost, the reward is found by
its title and adopted: only rewards that our app made can be changed. A reward that its streamer
deletes stays deleted until the streamer, or staff, ask for it again.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.channels import (
    access_token_of,
    channel_authorizations,
    disconnect_channel,
    renew_soon,
)
from claims.models import Channel, ChannelReward, Offer, Pause, Redemption
from claims.models.offers import DESCRIPTION_MAX_LENGTH
from claims.offers import limit_is_reached_in
from claims.source import ChannelRewardSource, ListedReward, RewardLook
from core.clock import Clock
from core.leases import HeldLease
from core.logs import log_event
from core.platform_errors import PlatformRefused, PlatformUnauthorized

logger = logging.getLogger(__name__)

State = ChannelReward.State

KEEP_CHANNEL_REWARDS = "studio_drops.keep_channel_rewards"
CHECKED_EVERY = timedelta(minutes=15)
RETRIED_EVERY = timedelta(minutes=2)
# Not those that settling redemptions writes meanwhile.
KEPT_FIELDS = (
    "state",
    "external_id",
    "look",
    "is_paused",
    "is_paused_by_hand",
    "skipped_queue_at",
    "error",
    "checked_at",
)


def keep_rewards(*, source: ChannelRewardSource, clock: Clock, held: HeldLease) -> int:
    """Make, change, pause and delete rewards until each connected channel has what offers want.

    Returns the number of changes. On a repeat: 0. Asks the platform only if something is to change,
    or once in 15 minutes. Only one worker may run this for a source at once. Raises PlatformError
    if the platform fails in a way that isn't about one channel.
    """
    changes = 0
    connected = channel_authorizations().values_list("account_id", flat=True)
    for channel in Channel.objects.filter(pk__in=list(connected)).order_by("pk"):
        now = clock()
        rows = _rows_of(channel, source=source, now=now)
        wanted = _wanted(channel, rows, now=now)
        token = access_token_of(channel.pk, now=now) if _is_due(rows, wanted, now=now) else ""
        if token:
            try:
                changes += _Keeper(source, token, channel, clock=clock).run(rows, wanted)
            except PlatformUnauthorized:
                renew_soon(channel.pk, now=clock())
                log_event(logger, "channel_token_refused", logging.WARNING, channel=channel.pk)
            except PlatformRefused as error:
                _note_error(rows, str(error), now=clock())
        held.renew()
        if channel.leaving_at and _has_left(channel):
            disconnect_channel(account_key=channel.pk, now=clock())
            Channel.objects.filter(pk=channel.pk).update(leaving_at=None)
            log_event(logger, "channel_disconnected", channel=channel.pk)
    return changes


@transaction.atomic
def leave(channel: Channel, *, now: datetime) -> None:
    """Let the jobs disconnect a channel: they refund open redemptions and delete the rewards.

    On a repeat nothing changes.
    """
    Channel.objects.filter(pk=channel.pk, leaving_at=None).update(leaving_at=now)
    Redemption.objects.open().filter(reward__channel=channel).update(next_attempt_at=now)


def offer_again(channel_reward: ChannelReward) -> None:
    """Make a reward again that its streamer had deleted."""
    ChannelReward.objects.filter(pk=channel_reward.pk, state=State.DELETED).update(
        state=State.WANTED, external_id="", error="", checked_at=None
    )


def _rows_of(
    channel: Channel, *, source: ChannelRewardSource, now: datetime
) -> list[ChannelReward]:
    """The channel's rewards of this source. Adds a row for each offer that has begun."""
    triggers = [trigger.key for trigger in source.triggers]
    offers = Offer.objects.not_over(now=now).filter(trigger__in=triggers)
    ChannelReward.objects.bulk_create(
        [
            ChannelReward(offer=offer, channel=channel)
            for offer in offers.prefetch_related("channels")
            if offer.is_open_at(now) and _is_for(offer, channel)
        ],
        ignore_conflicts=True,
    )
    rows = ChannelReward.objects.filter(channel=channel, offer__trigger__in=triggers)
    return list(rows.select_related("offer__reward", "channel").order_by("pk"))


def _is_for(offer: Offer, channel: Channel) -> bool:
    channels = {one.pk for one in offer.channels.all()}
    return not channels or channel.pk in channels


def _wanted(
    channel: Channel, rows: Sequence[ChannelReward], *, now: datetime
) -> dict[int, RewardLook]:
    """The rewards that the channel should have, by the row's key."""
    if not channel.is_active or channel.leaving_at:
        return {}
    return {
        row.pk: _look_of(row, now=now)
        for row in rows
        if row.offer.is_open_at(now) and _is_for(row.offer, channel)
    }


def _look_of(row: ChannelReward, *, now: datetime) -> RewardLook:
    offer = row.offer
    return RewardLook(
        title=offer.reward.name,
        cost=offer.cost or 1,
        description=_with_invitation(offer.description),
        color=offer.color,
        asks_for_text=offer.asks_for_text,
        is_paused=limit_is_reached_in(row.channel_id, offer=offer, now=now)
        or Pause.objects.filter(reward=offer.reward).exists()
        or not offer.reward.mapping.exists(),
    )


def _with_invitation(description: str) -> str:
    """With the address of the linking page: a viewer needs a link to get the item."""
    invitation = _("Link your account first: %(url)s") % {"url": f"{settings.PUBLIC_URL}/link/"}
    both = f"{description} {invitation}".strip()
    return both if len(both) <= DESCRIPTION_MAX_LENGTH else description


def _is_due(
    rows: Sequence[ChannelReward], wanted: Mapping[int, RewardLook], *, now: datetime
) -> bool:
    def is_due(row: ChannelReward) -> bool:
        age = now - row.checked_at if row.checked_at else None
        if row.state in (State.DELETED, State.FOREIGN):
            return False
        is_as_wanted = (
            row.state == State.LIVE and row.look == fingerprint(wanted[row.pk])
            if row.pk in wanted
            else row.state in (State.ENDED, State.WANTED)
        )
        if is_as_wanted and not row.error:
            return row.state == State.LIVE and (age is None or age >= CHECKED_EVERY)
        return age is None or not row.error or age >= RETRIED_EVERY

    return any(is_due(row) for row in rows)


def fingerprint(look: RewardLook) -> str:
    """Changes whenever the look changes."""
    return repr(look)


def _note_error(rows: Sequence[ChannelReward], error: str, *, now: datetime) -> None:
    pks = [row.pk for row in rows]
    ChannelReward.objects.filter(pk__in=pks).update(error=error[:200], checked_at=now)
    log_event(logger, "rewards_refused", logging.WARNING, rewards=len(pks), error=error)


def _has_left(channel: Channel) -> bool:
    is_open = Redemption.objects.open().filter(reward__channel=channel).exists()
    return not (is_open or ChannelReward.objects.filter(channel=channel, state=State.LIVE).exists())


class _Keeper:
    """Makes one channel's rewards as they are wanted, with its owner's token."""

    def __init__(
        self, source: ChannelRewardSource, token: str, channel: Channel, *, clock: Clock
    ) -> None:
        self._source = source
        self._token = token
        self._channel = channel
        self._clock = clock

    def run(self, rows: Sequence[ChannelReward], wanted: Mapping[int, RewardLook]) -> int:
        listed = {one.reward_id: one for one in self._source.list_rewards(self._token)}
        # Those that no row has: one of them may be ours, if the answer to its making got lost.
        unclaimed = {
            one.look.title: one
            for one in listed.values()
            if one.reward_id not in {row.external_id for row in rows}
        }
        changes = 0
        for row in rows:
            look = wanted.get(row.pk)
            before = (row.state, row.look)
            try:
                if row.state == State.LIVE and row.external_id not in listed:
                    self._note_deleted(row)
                elif row.state == State.LIVE and look:
                    self._keep(row, listed[row.external_id], look)
                elif row.state == State.LIVE:
                    self._take_down(row)
                elif look and row.state in (State.WANTED, State.ENDED):
                    self._make(row, look, unclaimed.get(look.title))
                row.error = ""
            except PlatformRefused as error:
                row.error = str(error)[:200]
                log_event(
                    logger, "reward_refused", logging.WARNING, reward=str(row), error=row.error
                )
            changes += before != (row.state, row.look)
            row.checked_at = self._clock()
            row.save(update_fields=KEPT_FIELDS)
        return changes

    def _keep(self, row: ChannelReward, listed: ListedReward, look: RewardLook) -> None:
        if listed.skips_queue:
            row.skipped_queue_at = self._clock()
            log_event(logger, "reward_skipped_queue", logging.WARNING, reward=row.external_id)
        row.is_paused_by_hand = listed.look.is_paused and not row.is_paused
        target = replace(look, is_paused=look.is_paused or row.is_paused_by_hand)
        if listed.look != target or listed.skips_queue:
            self._source.change_reward(self._token, row.external_id, target)
        row.look, row.is_paused = fingerprint(look), look.is_paused

    def _make(self, row: ChannelReward, look: RewardLook, namesake: ListedReward | None) -> None:
        reward_id = self._adopt(namesake, look) if namesake else ""
        row.external_id = reward_id or self._source.create_reward(self._token, look)
        if look.is_paused and not reward_id:  # a reward can't be made paused
            self._source.change_reward(self._token, row.external_id, look)
        row.state, row.look, row.is_paused = State.LIVE, fingerprint(look), look.is_paused
        log_event(logger, "reward_made", reward=row.external_id, channel=self._channel.pk)

    def _adopt(self, namesake: ListedReward, look: RewardLook) -> str:
        try:
            self._source.change_reward(self._token, namesake.reward_id, look)
        except PlatformRefused:
            return ""  # the streamer's, or another app's
        return namesake.reward_id

    def _take_down(self, row: ChannelReward) -> None:
        """Pause it, and delete it once nothing is open: the platform says nothing about the rest.

        An offer that has ended keeps its promise to those who have redeemed it in time.
        """
        if not row.is_paused:
            paused = replace(_look_of(row, now=self._clock()), is_paused=True)
            self._source.change_reward(self._token, row.external_id, paused)
            row.is_paused, row.look = True, fingerprint(paused)
        if Redemption.objects.open().filter(reward=row).exists():
            return
        self._source.delete_reward(self._token, row.external_id)
        row.state = State.ENDED

    def _note_deleted(self, row: ChannelReward) -> None:
        row.state = State.DELETED
        log_event(logger, "reward_deleted", logging.WARNING, reward=row.external_id)
