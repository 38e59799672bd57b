"""A campaign's phases and the current time, as coordinates for a drawing to scale."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from claims.models import Campaign

WIDTH = 1000
# Room for “now” before the first phase and after the last phase.
MARGIN = 0.08


class Phase(enum.Enum):
    ANNOUNCED = "announced", _("announced")
    RUNNING = "running", _("running")
    GRACE = "grace", _("grace period")
    OVER = "over", _("over")
    BEFORE = "before", _("not announced yet")
    UNKNOWN = "unknown", _("no dates set")

    @property
    def kind(self) -> str:
        return self.value[0]

    @property
    def label(self) -> str:
        return str(self.value[1])


@dataclass(frozen=True, slots=True)
class Stretch:
    """A phase with its times and its position in a drawing that is 1,000 units wide."""

    phase: Phase
    begins_at: datetime
    ends_at: datetime
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """`now_x` is at the edge if the current time is outside the drawing."""

    phase: Phase
    stretches: list[Stretch]
    now_x: float
    width: int = WIDTH


def draw_timeline(campaign: Campaign, *, now: datetime) -> Timeline:
    """If a date is missing, there are no stretches and the phase is UNKNOWN."""
    starts_at, ends_at = campaign.starts_at, campaign.ends_at
    if starts_at is None or ends_at is None:
        return Timeline(Phase.UNKNOWN, [], 0)
    spans = [(Phase.RUNNING, starts_at, ends_at)]
    if campaign.announcement_days:
        announced_at = starts_at - timedelta(days=campaign.announcement_days)
        spans.insert(0, (Phase.ANNOUNCED, announced_at, starts_at))
    if campaign.grace_days:
        spans.append((Phase.GRACE, ends_at, ends_at + timedelta(days=campaign.grace_days)))
    left, right = spans[0][1], spans[-1][2]
    margin = (right - left) * MARGIN
    whole = right - left + 2 * margin

    def x(at: datetime) -> float:
        return round((at - left + margin) / whole * WIDTH, 1)

    outside = Phase.BEFORE if now < left else Phase.OVER
    return Timeline(
        phase=next((phase for phase, start, end in spans if start <= now < end), outside),
        stretches=[
            Stretch(phase, start, end, x(start), round(x(end) - x(start), 1))
            for phase, start, end in spans
        ],
        now_x=min(max(x(now), 2), WIDTH - 2),
    )
