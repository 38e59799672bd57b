"""Who of the partner channels is on air, in which category, and for how long.

Platforms count watch time for drops only in the campaign's category. The platform's API is asked
about all channels every minute. An event only makes us ask at once.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from claims.models import Campaign, Channel, StreamSpan
from claims.source import ChannelReader, LiveStream, StreamReader
from core.early_start import start_after_commit

WATCH_CHANNELS = "studio_drops.watch_channels"
# A little less than the job's period, so that each run asks about all channels.
ASKED_EVERY = timedelta(seconds=50)
AT_ONCE = 25
FACTS_EVERY = timedelta(days=1)
# A stream that is first seen this soon after its start was in its category all the time.
SEEN_SOON = timedelta(minutes=5)


def watch_channels(*, platform: str, reader: StreamReader, now: datetime) -> int:
    """Ask the platform about its partner channels. Returns the number of channels on air.

    Only one worker may run this for a platform at once. Raises PlatformError.
    """
    channels = Channel.objects.filter(is_active=True, channel_id__startswith=f"{platform}:")
    due = [
        one
        for one in channels.order_by("streams_checked_at", "pk")
        if one.streams_checked_at is None or now - one.streams_checked_at >= ASKED_EVERY
    ]
    on_air = 0
    for start in range(0, len(due), AT_ONCE):
        batch = due[start : start + AT_ONCE]
        live = {one.channel_id: one for one in reader([one.pk for one in batch])}
        for channel in batch:
            note_stream(channel, live.get(channel.pk), now=now)
            on_air += channel.pk in live
    return on_air


def refresh_facts(*, platform: str, reader: ChannelReader, now: datetime) -> int:
    """Read subscribers, language and category of each active channel, once a day.

    Returns the number of channels that were read. On a repeat: 0. Raises PlatformError.
    """
    due = Channel.objects.filter(
        Q(facts_checked_at=None) | Q(facts_checked_at__lte=now - FACTS_EVERY),
        is_active=True,
        channel_id__startswith=f"{platform}:",
    )
    channels = list(due.order_by("pk"))
    for start in range(0, len(channels), AT_ONCE):
        batch = channels[start : start + AT_ONCE]
        shown = {one.channel_id: one for one in reader([one.pk for one in batch])}
        for channel in batch:
            facts = shown.get(channel.pk)
            channel.facts_checked_at = now
            if facts is None:
                channel.missing_since = channel.missing_since or now
            else:
                channel.missing_since = None
                channel.subscribers = facts.subscribers
                channel.language = facts.language or channel.language
                channel.category = facts.category
            channel.save(
                update_fields=[
                    "facts_checked_at",
                    "missing_since",
                    "subscribers",
                    "language",
                    "category",
                ]
            )
    return len(channels)


def ask_soon(channel_id: str) -> bool:
    """An event said that something has changed: ask the platform at once."""
    channels = Channel.objects.filter(pk=channel_id, is_active=True)
    is_known = bool(channels.update(streams_checked_at=None))
    if is_known:
        start_after_commit(WATCH_CHANNELS)
    return is_known


@transaction.atomic
def note_stream(channel: Channel, live: LiveStream | None, *, now: datetime) -> None:
    """Store what the platform says of a channel. On a repeat, only the end moves."""
    Channel.objects.filter(pk=channel.pk).update(streams_checked_at=now)
    last = StreamSpan.objects.filter(channel=channel).order_by("-ended_at", "-pk").first()
    is_same = (
        live is not None
        and last is not None
        and (last.started_at, last.category_id) == (live.started_at, live.category_id)
    )
    if last and is_same and live:
        last.ended_at, last.is_on_air, last.viewers = now, True, live.viewers
        last.save(update_fields=["ended_at", "is_on_air", "viewers"])
        return
    if last and last.is_on_air:
        # It was in this category until a moment ago. If we haven't looked for long, who knows.
        if now - last.ended_at <= SEEN_SOON:
            last.ended_at = now
        last.is_on_air = False
        last.save(update_fields=["ended_at", "is_on_air"])
    if live:
        is_new_stream = last is None or last.started_at != live.started_at
        is_soon = now - live.started_at <= SEEN_SOON
        began_at = min(live.started_at, now) if is_new_stream and is_soon else now
        StreamSpan.objects.create(
            channel=channel,
            category_id=live.category_id,
            category=live.category,
            started_at=live.started_at,
            began_at=began_at,
            ended_at=now,
            viewers=live.viewers,
        )


def minutes_on_air(campaigns: Sequence[Campaign], *, now: datetime) -> dict[tuple[str, str], int]:
    """For each channel and campaign: the minutes on air in its category while it ran."""
    begins = [one.starts_at for one in campaigns if one.starts_at]
    if not begins:
        return {}
    found: defaultdict[tuple[str, str], timedelta] = defaultdict(timedelta)
    for span in StreamSpan.objects.filter(ended_at__gte=min(begins)):
        for campaign in campaigns:
            if campaign.starts_at and is_in_category(span.category, campaign):
                until = min(span.ended_at, campaign.ends_at or now)
                since = max(span.began_at, campaign.starts_at)
                found[span.channel_id, campaign.pk] += max(until - since, timedelta())
    return {key: int(span.total_seconds() // 60) for key, span in found.items()}


def is_in_category(category: str, campaign: Campaign) -> bool:
    """Names are compared without case: campaigns have names, not IDs."""
    return bool(category) and category.casefold() == campaign.category.casefold()
