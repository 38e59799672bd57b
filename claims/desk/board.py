"""The live board: which partner channels are on air, and whether their viewers make progress."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from claims.models import Campaign, Channel, StreamSpan
from claims.streams import is_in_category, minutes_on_air

STALE_AFTER = timedelta(minutes=5)


class AirState(models.TextChoices):
    ON_AIR = "on-air", _("on air")
    WRONG_CATEGORY = "wrong-category", _("wrong category")
    OFFLINE = "offline", _("offline")
    UNKNOWN = "unknown", _("not checked lately")


TONES = {
    AirState.ON_AIR: "good",
    AirState.WRONG_CATEGORY: "bad",
    AirState.OFFLINE: "quiet",
    AirState.UNKNOWN: "wait",
}
ORDER = list(AirState)


@dataclass(frozen=True, slots=True)
class BoardLine:
    """`minutes` has the running campaigns that the channel is in, in the board's order."""

    channel: Channel
    state: AirState
    span: StreamSpan | None
    minutes: list[tuple[Campaign, int]]

    @property
    def tone(self) -> str:
        return TONES[self.state]


def read_board(*, now: datetime) -> list[BoardLine]:
    """All active partner channels: those in the wrong category after those on air. Five queries."""
    campaigns = Campaign.objects.filter(is_test=False).order_by("name", "pk").running(now=now)
    minutes = minutes_on_air(campaigns, now=now)
    spans = {one.channel_id: one for one in StreamSpan.objects.filter(is_on_air=True)}
    lines = []
    for channel in Channel.objects.filter(is_active=True).order_by("name", "pk"):
        mine = [one for one in campaigns if _takes_part(channel, one)]
        span = spans.get(channel.pk)
        lines.append(
            BoardLine(
                channel=channel,
                state=_state_of(channel, span, mine, now=now),
                span=span,
                minutes=[(one, minutes.get((channel.pk, one.pk), 0)) for one in mine],
            )
        )
    return sorted(lines, key=lambda line: ORDER.index(line.state))


def _takes_part(channel: Channel, campaign: Campaign) -> bool:
    """A campaign without a list of channels runs in all channels of its platform."""
    if campaign.source.partition("_")[0] != channel.pk.partition(":")[0]:
        return False
    names = {str(name).casefold() for name in campaign.channels}
    return not names or channel.name.casefold() in names


def _state_of(
    channel: Channel, span: StreamSpan | None, campaigns: list[Campaign], *, now: datetime
) -> AirState:
    if channel.streams_checked_at is None or now - channel.streams_checked_at > STALE_AFTER:
        return AirState.UNKNOWN
    if span is None:
        return AirState.OFFLINE
    is_wrong = campaigns and not any(is_in_category(span.category, one) for one in campaigns)
    return AirState.WRONG_CATEGORY if is_wrong else AirState.ON_AIR
