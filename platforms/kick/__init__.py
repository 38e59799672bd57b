"""Kick: its login, its webhooks, and the sources of claims that it offers."""

WEBHOOK_PATH = "/webhooks/kick/drops"
EVENTS_PATH = "/webhooks/kick/events"


def register() -> None:
    """Register Kick's login and sources. Their clients are made at the first call."""
    from accounts.platform_login import register_login
    from claims.source import (
        register_category_finder,
        register_channel_reader,
        register_source,
        register_stream_reader,
        register_subscriber,
    )
    from platforms.kick.channel_rewards import KickChannelRewards
    from platforms.kick.checks import register_checks
    from platforms.kick.client import get_app, get_kick
    from platforms.kick.drops import KickDrops
    from platforms.kick.event_subscriptions import is_due, keep_subscriptions
    from platforms.kick.gifts import KickGifts, KickSubscriptions
    from platforms.kick.linking import KickLogin
    from platforms.kick.streams import category_finder, channel_reader, stream_reader

    register_login(
        KickLogin(app=get_app, oauth=lambda: get_kick().oauth, api=lambda: get_kick().api)
    )
    register_source(KickDrops(api=lambda: get_kick().api))
    register_source(KickChannelRewards(api=lambda: get_kick().channel_rewards))
    register_source(KickGifts())
    register_source(KickSubscriptions())
    register_subscriber(
        "kick", lambda now: keep_subscriptions(get_kick().api, now=now) if is_due(now=now) else 0
    )
    register_category_finder("kick", category_finder(lambda: get_kick().api))
    register_channel_reader("kick", channel_reader(lambda: get_kick().api))
    register_stream_reader("kick", stream_reader(lambda: get_kick().api))
    register_checks()
