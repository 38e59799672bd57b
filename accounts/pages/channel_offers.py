"""A channel's connection, its offers and their uses, as the streamer's page shows them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Authorization, PlatformAccount, Purpose
from claims.models import Channel, ChannelReward, Offer, OfferUse, Redemption
from claims.source import get_trigger

SHOWN_AT_MOST = 25


class Health(models.TextChoices):
    CONNECTED = "connected", _("Connected")
    RENEWING = "renewing", _("Kick’s permission is being renewed")
    REFUSED = "refused", _("Kick refuses the connection")
    ENDED = "ended", _("Not connected")
    LEAVING = "leaving", _("Being disconnected")
    INACTIVE = "inactive", _("Not a partner channel any more")


class RewardState(models.TextChoices):
    LIVE = "live", _("On your channel")
    PAUSED = "paused", _("Paused: a limit is reached, or the studio paused it")
    PAUSED_BY_HAND = "paused-by-hand", _("Paused by you on Kick")
    WANTED = "wanted", _("Appears on your channel within a minute")
    DELETED = "deleted", _("You deleted it on Kick")
    FOREIGN = "foreign", _("Another app made this reward. Delete it on Kick")
    ENDED = "ended", _("Ended")
    FAILED = "failed", _("Kick didn’t accept it")
    EVENTS = "events", _("Running")
    ANNOUNCED = "announced", _("Starts later")


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """`cost` in channel points is None if viewers pay nothing. `reward` is the row's key."""

    name: str
    how: str
    cost: int | None
    state: RewardState
    skipped_queue_at: datetime | None = None
    reward: int | None = None


@dataclass(frozen=True, slots=True)
class ShownUse:
    viewer: str
    offer: str
    at: datetime
    state: str
    tone: str


def health_of(channel: Channel, *, now: datetime) -> Health:
    """How the channel's connection is."""
    if not channel.is_active:
        return Health.INACTIVE
    row = Authorization.objects.filter(account=channel.pk, purpose=Purpose.CHANNEL).first()
    if row is None or row.disconnected_at:
        return Health.ENDED
    if channel.leaving_at:
        return Health.LEAVING
    if row.refused_since:
        return Health.REFUSED
    is_valid = row.access_expires_at is not None and row.access_expires_at > now
    return Health.CONNECTED if is_valid else Health.RENEWING


def list_channel_offers(channel: Channel, *, now: datetime) -> list[ShownOffer]:
    """The offers that run in the channel or are still to come, by name, in four queries."""
    rows = {row.offer_id: row for row in ChannelReward.objects.filter(channel=channel)}
    offers = Offer.objects.not_over(now=now).select_related("reward").prefetch_related("channels")
    shown = []
    for offer in offers.order_by("reward__name", "pk"):
        channels = {one.pk for one in offer.channels.all()}
        if channels and channel.pk not in channels:
            continue
        trigger, row = get_trigger(offer.trigger), rows.get(offer.pk)
        shown.append(
            ShownOffer(
                name=str(offer),
                how=str(trigger.label) if trigger else offer.trigger,
                cost=offer.cost if trigger and trigger.is_paid else None,
                state=_state_of(offer, row, is_paid=bool(trigger and trigger.is_paid), now=now),
                skipped_queue_at=row.skipped_queue_at if row else None,
                reward=row.pk if row else None,
            )
        )
    return shown


def _state_of(
    offer: Offer, row: ChannelReward | None, *, is_paid: bool, now: datetime
) -> RewardState:
    if not offer.is_open_at(now):
        return RewardState.ANNOUNCED
    if not is_paid:
        return RewardState.EVENTS
    if row is None:
        return RewardState.WANTED
    if row.error:
        return RewardState.FAILED
    if row.state == ChannelReward.State.LIVE and row.is_paused:
        return RewardState.PAUSED
    if row.state == ChannelReward.State.LIVE and row.is_paused_by_hand:
        return RewardState.PAUSED_BY_HAND
    return RewardState(row.state.lower())


def list_channel_uses(channel: Channel) -> list[ShownUse]:
    """The newest 25 uses of offers in the channel, in two queries."""
    uses = OfferUse.objects.filter(channel=channel).select_related("offer__reward", "redemption")
    newest = list(uses.order_by("-occurred_at", "pk")[:SHOWN_AT_MOST])
    accounts = PlatformAccount.objects.in_bulk({use.account_id for use in newest})
    return [
        ShownUse(
            viewer=str(accounts.get(use.account_id, use.account_id.partition(":")[2])),
            offer=str(use.offer),
            at=use.occurred_at,
            state=_words_for(use),
            tone=_TONES[OfferUse.Outcome(use.outcome)],
        )
        for use in newest
    ]


_TONES = {
    OfferUse.Outcome.WAITING: "wait",
    OfferUse.Outcome.OPEN: "wait",
    OfferUse.Outcome.CLAIMED: "good",
    OfferUse.Outcome.REFUSED: "bad",
}


def _words_for(use: OfferUse) -> str:
    redemption = getattr(use, "redemption", None)
    if redemption is not None and redemption.state == Redemption.State.STUCK:
        return str(_("The studio is looking into it"))
    if use.outcome == OfferUse.Outcome.CLAIMED:
        return str(_("Got the item"))
    if use.outcome == OfferUse.Outcome.WAITING:
        return str(_("Gets the item after a waiting time"))
    if use.outcome == OfferUse.Outcome.OPEN:
        return str(_("Has to link an account"))
    if redemption is None:
        return str(use.get_refusal_display())
    back = _("Points given back: %(reason)s")
    return str(back % {"reason": use.get_refusal_display()})
