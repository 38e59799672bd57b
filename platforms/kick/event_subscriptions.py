"""Keeps the subscriptions to Kick's events: what should be subscribed against what is.

Kick ends a subscription after a day of failed deliveries, and all of them when someone switches the
app's webhooks off. It tells no one. It also accepts duplicates, which then deliver each event
twice. So `keep_subscriptions` compares and repairs. Subscriptions belong to the app: the ones of
another deployment with the same client ID look like ours. We never delete those of a channel that
isn't ours.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from claims.models import Channel, Offer, StreamSpan
from core.logs import log_event
from platforms.kick import channel_rewards, gifts
from platforms.kick.errors import platform_errors
from platforms.kick.gifts import PLATFORM
from platforms.kick.models import EventSubscription
from platforms.kick.protocol.api import EventSubscription as AtKick
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.events import (
    BAN,
    REDEMPTION,
    STREAM_METADATA,
    STREAM_STATUS,
)

Wanted = set[tuple[str, str]]  # the owner's user ID and the type of the event

CHECKED_EVERY = timedelta(minutes=15)
NOTED_EVERY = timedelta(minutes=1)
# Kick's events were seen within a second, but also minutes late.
EVENT_TAKES_AT_MOST = timedelta(minutes=10)
STREAM_EVENTS = (STREAM_METADATA, STREAM_STATUS)
# The types of events that each trigger needs.
EVENTS_OF = {**gifts.EVENTS_OF, channel_rewards.REDEMPTION.key: (REDEMPTION, BAN)}

logger = logging.getLogger(__name__)


def keep_subscriptions(api: KickApi, *, now: datetime) -> int:
    """Make missing subscriptions, and end duplicates and those that no offer needs any more.

    Returns the number of changes at Kick. On a repeat: 0. Raises PlatformError. Only one worker may
    run this at once, because a concurrent run would make duplicates.
    """
    wanted = wanted_subscriptions(now=now)
    known = {(one.user_id, one.event): one for one in EventSubscription.objects.all()}
    with platform_errors():
        listed = api.event_subscriptions()
    kept, surplus = _choose(listed, wanted=wanted, known=known)
    for pair, at_kick in kept.items():
        _remember(*pair, subscription_id=at_kick.subscription_id, now=now)
    for pair, one in known.items():
        if pair not in wanted:
            one.delete()
        elif pair not in kept and one.subscription_id:
            log_event(
                logger, "event_subscription_lost", logging.WARNING, channel=pair[0], event=pair[1]
            )
            one.subscription_id, one.lost_at = "", now
            one.save(update_fields=["subscription_id", "lost_at"])
    if surplus:
        with platform_errors():
            api.unsubscribe(surplus)
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for user_id, event in sorted(wanted - kept.keys()):
        missing[user_id].append(event)
    made = sum(_subscribe(api, user_id, events, now=now) for user_id, events in missing.items())
    if made or surplus:
        log_event(logger, "event_subscriptions", made=made, ended=len(surplus))
    return made + len(surplus)


def is_due(*, now: datetime) -> bool:
    """Whether to ask Kick: if the offers' needs have changed, or a quarter of an hour later."""
    wanted = wanted_subscriptions(now=now)
    known = EventSubscription.objects.values_list("user_id", "event", "checked_at")
    checks = {(user_id, event): checked_at for user_id, event, checked_at in known}
    return wanted != checks.keys() or any(now - at >= CHECKED_EVERY for at in checks.values())


def wanted_subscriptions(*, now: datetime) -> Wanted:
    """The events that offers need, and those that tell the live board to ask."""
    of_streams = {
        (channel_id.partition(":")[2], event)
        for channel_id in _channel_ids()
        for event in STREAM_EVENTS
    }
    return needed_by_offers(now=now) | of_streams


def needed_by_offers(*, now: datetime) -> Wanted:
    """For each channel, the types of events that offers need which run, or will run."""
    ids, wanted = _channel_ids(), set()
    for offer in Offer.objects.not_over(now=now).prefetch_related("channels"):
        of_offer = {one.pk for one in offer.channels.all()} or ids
        wanted |= {
            (channel_id.partition(":")[2], event)
            for channel_id in of_offer & ids
            for event in EVENTS_OF.get(offer.trigger, ())
        }
    return wanted


def _channel_ids() -> set[str]:
    channels = Channel.objects.filter(is_active=True, channel_id__startswith=f"{PLATFORM}:")
    return set(channels.values_list("pk", flat=True))


def is_ours(*, subscription_id: str, user_id: str, event: str, now: datetime) -> bool:
    """Whether this deployment keeps this subscription, for this channel and type.

    Notes, once a minute, that Kick has sent an event for it.
    """
    if not subscription_id:
        return False
    rows = EventSubscription.objects.filter(
        subscription_id=subscription_id, user_id=user_id, event=event
    )
    last_at = rows.values_list("last_event_at", flat=True)[:1]
    for at in last_at:
        if at is None or now - at >= NOTED_EVERY:
            rows.update(last_event_at=now)
        return True
    return False


def silent_channels() -> list[str]:
    """Channels on air of whose start Kick has sent no event, although we had subscribed before.

    Kick's API shows the stream, so the event was lost on its way, and others may be.
    """
    on_air = StreamSpan.objects.filter(
        is_on_air=True, channel__channel_id__startswith=f"{PLATFORM}:"
    ).select_related("channel")
    rows = EventSubscription.objects.filter(event=STREAM_STATUS).exclude(subscription_id="")
    of_channel = {one.user_id: one for one in rows}
    silent = []
    for span in on_air.order_by("channel__name", "pk"):
        row = of_channel.get(span.channel_id.partition(":")[2])
        is_late = span.ended_at - span.started_at >= EVENT_TAKES_AT_MOST
        if row and row.made_at and row.made_at < span.started_at and is_late:
            begins_at = span.started_at - EVENT_TAKES_AT_MOST
            if row.last_event_at is None or row.last_event_at < begins_at:
                silent.append(str(span.channel))
    return silent


def is_known(subscription_id: str) -> bool:
    return EventSubscription.objects.filter(subscription_id=subscription_id or None).exists()


def _choose(
    listed: Sequence[AtKick],
    *,
    wanted: Collection[tuple[str, str]],
    known: Mapping[tuple[str, str], EventSubscription],
) -> tuple[dict[tuple[str, str], AtKick], list[str]]:
    """The subscription to keep for each pair, and the IDs of those to end.

    Of duplicates, ours is kept, or else the oldest.
    """
    by_pair: defaultdict[tuple[str, str], list[AtKick]] = defaultdict(list)
    for one in listed:
        by_pair[one.user_id, one.event].append(one)
    kept, surplus = {}, []
    for pair, same in by_pair.items():
        own = known[pair].subscription_id if pair in known else ""
        same.sort(key=lambda one: (one.subscription_id != own, one.created_at, one.subscription_id))
        if pair in wanted:
            kept[pair] = same.pop(0)
            surplus += [one.subscription_id for one in same]
        elif own:
            surplus += [one.subscription_id for one in same if one.subscription_id == own]
    return kept, surplus


def _subscribe(api: KickApi, user_id: str, events: Sequence[str], *, now: datetime) -> int:
    with platform_errors():
        answers = api.subscribe(user_id=user_id, events=events)
    made = 0
    for answer in answers:
        if answer.event not in events:
            continue
        _remember(
            user_id,
            answer.event,
            subscription_id=answer.subscription_id,
            error="" if answer.subscription_id else answer.error or "no ID",
            now=now,
        )
        made += bool(answer.subscription_id)
        if not answer.subscription_id:
            log_event(
                logger,
                "event_not_subscribed",
                logging.WARNING,
                channel=user_id,
                event=answer.event,
                error=answer.error,
            )
    return made


def _remember(
    user_id: str, event: str, *, subscription_id: str, error: str = "", now: datetime
) -> None:
    row, _ = EventSubscription.objects.get_or_create(
        user_id=user_id, event=event, defaults={"checked_at": now}
    )
    if row.subscription_id != subscription_id:
        row.subscription_id, row.made_at = subscription_id, now
    row.error, row.checked_at = error[:200], now
    row.save()
