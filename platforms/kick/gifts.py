"""The sources `kick_gifts` and `kick_subscriptions`: KICKs, and new, renewed or gifted
subscriptions.

Trust: any app on Kick may subscribe to any channel's events, and Kick signs all deliveries with one
key. So everyone can hold validly signed copies of our partners' events. A copy has another message
ID and another subscription ID, but the same contents. Hence, an event only counts if

- it came under a subscription that we made, for this channel and type: see `event_subscriptions`;
- its channel is an active partner channel;
- it was sent within the last hour;
- it hasn't been counted before: its key is made of its contents, never of its message ID.

Both sources are lossy: Kick has no list of past gifts and subscriptions.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import account_key
from claims.offers import Earning
from claims.source import Source, Trigger
from platforms.kick.protocol.events import (
    GIFTED_SUBSCRIPTIONS,
    KICKS_GIFTED,
    NEW_SUBSCRIPTION,
    RENEWED_SUBSCRIPTION,
    Event,
    GiftedSubscriptions,
    KicksGift,
    Subscription,
)

PLATFORM = "kick"
GIFTS, SUBSCRIPTIONS = "kick_gifts", "kick_subscriptions"

GIFT = Trigger(GIFTS, "gift", _("Gift KICKs"), _("KICKs"), has_tiers=True)
SUBSCRIPTION = Trigger(
    SUBSCRIPTIONS, "subscription", _("Subscribe, or renew a subscription"), _("months")
)
# Kick sends these even if the payment fails later.
GIFTER = Trigger(
    SUBSCRIPTIONS,
    "gifter",
    _("Gift subscriptions"),
    _("subscriptions"),
    delay_hours=24,
)
GIFTEE = Trigger(
    SUBSCRIPTIONS,
    "giftee",
    _("Receive a gifted subscription"),
    _("subscriptions"),
    delay_hours=24,
)
# The types of events that each trigger needs.
EVENTS_OF = {
    GIFT.key: (KICKS_GIFTED,),
    SUBSCRIPTION.key: (NEW_SUBSCRIPTION, RENEWED_SUBSCRIPTION),
    GIFTER.key: (GIFTED_SUBSCRIPTIONS,),
    GIFTEE.key: (GIFTED_SUBSCRIPTIONS,),
}


class KickGifts(Source):
    name = GIFTS
    platform = PLATFORM
    label = _("Kick gifts (KICKs)")
    trusts_deliveries = True
    is_lossy = True
    triggers = (GIFT,)


class KickSubscriptions(Source):
    name = SUBSCRIPTIONS
    platform = PLATFORM
    label = _("Kick subscriptions")
    trusts_deliveries = True
    is_lossy = True
    triggers = (SUBSCRIPTION, GIFTER, GIFTEE)


def earnings_of(event: Event, *, message_id: str, sent_at: datetime) -> Sequence[Earning]:
    """What an event earns, for each person that it's about. Anonymous gifters earn nothing.

    `sent_at` is the delivery's signed time. A renewal has no other time.
    """
    channel = event.broadcaster.user_id

    def earning(
        trigger: Trigger,
        user_id: str,
        key: Sequence[str],
        amount: int,
        at: datetime,
        tier: str = "",
    ) -> Earning:
        return Earning(
            event_key="\n".join([channel, *key]),
            trigger=trigger.key,
            account=account_key(PLATFORM, user_id),
            channel_id=account_key(PLATFORM, channel),
            amount=amount,
            occurred_at=at,
            message_id=message_id,
            tier=tier,
        )

    if isinstance(event, KicksGift) and event.sender.user_id:
        facts = [_at(event.created_at), str(event.amount), event.name, event.type, event.tier]
        sender, at = event.sender.user_id, event.created_at
        return [earning(GIFT, sender, facts, event.amount, at, tier=event.tier)]
    if isinstance(event, Subscription):
        # The same for both types: their bodies look the same, and the type isn't signed.
        facts = [_at(event.expires_at)]
        return [earning(SUBSCRIPTION, event.subscriber.user_id, facts, event.months, sent_at)]
    if isinstance(event, GiftedSubscriptions):
        at, gifter = event.created_at, event.gifter.user_id
        giftees = sorted({giftee.user_id for giftee in event.giftees} - {""})
        facts = [_at(at), gifter or "anonymous"]
        earned = [earning(GIFTEE, giftee, facts, 1, at) for giftee in giftees]
        if gifter:
            earned.insert(0, earning(GIFTER, gifter, facts, len(event.giftees), at))
        return earned
    return []


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
