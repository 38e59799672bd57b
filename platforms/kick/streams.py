"""Partner channels as Kick shows them: who is on air, and subscribers, language and category."""

from collections.abc import Callable, Sequence

from accounts.models import account_key
from claims.source import (
    CategoryFinder,
    ChannelFacts,
    ChannelReader,
    LiveStream,
    StreamReader,
)
from platforms.kick.errors import platform_errors
from platforms.kick.protocol.api import KickApi

PLATFORM = "kick"


def category_finder(api: Callable[[], KickApi]) -> CategoryFinder:
    """`api` returns the client of this process."""

    def find(name: str) -> list[str]:
        with platform_errors():
            return api().categories(name)

    return find


def channel_reader(api: Callable[[], KickApi]) -> ChannelReader:
    """`api` returns the client of this process."""

    def read(channel_ids: Sequence[str]) -> list[ChannelFacts]:
        user_ids = [one.partition(":")[2] for one in channel_ids]
        with platform_errors():
            channels = api().channels(user_ids)
        return [
            ChannelFacts(
                channel_id=account_key(PLATFORM, one.user_id),
                subscribers=one.subscribers,
                language=one.language,
                category=one.category,
            )
            for one in channels
        ]

    return read


def stream_reader(api: Callable[[], KickApi]) -> StreamReader:
    """`api` returns the client of this process."""

    def read(channel_ids: Sequence[str]) -> list[LiveStream]:
        user_ids = [one.partition(":")[2] for one in channel_ids]
        with platform_errors():
            streams = api().live_streams(user_ids)
        return [
            LiveStream(
                channel_id=account_key(PLATFORM, one.user_id),
                category_id=one.category_id,
                category=one.category,
                started_at=one.started_at,
                viewers=one.viewers,
            )
            for one in streams
        ]

    return read
