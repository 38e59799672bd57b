"""The report of a campaign: what became of its claims, by the day on which they were earned."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Coalesce, TruncDate

from claims.models import Claim

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Day:
    """The claims earned on a day (UTC). Each number is a part of `claimed`, as of now.

    `linked`: by accounts that are linked. `delivered`: all their items were fulfilled by the game;
    `in_a_minute` and `in_an_hour` of them so soon after they were earned.
    """

    day: date | None
    claimed: int = 0
    linked: int = 0
    granted: int = 0
    delivered: int = 0
    in_a_minute: int = 0
    in_an_hour: int = 0


def read_report(campaign_id: str) -> list[Day]:
    """One pass through the campaign's claims, without manual grants. Oldest day first."""
    earned_at = Coalesce("occurred_at", "received_at")
    claims: Any = Claim.objects.filter(campaign=campaign_id).exclude(path=Claim.Path.MANUAL)
    claims = claims.order_by().annotate(
        day=TruncDate(earned_at),
        took=ExpressionWrapper(F("report__requested_at") - earned_at, output_field=DurationField()),
    )
    rows = claims.values("day").annotate(
        claimed=Count("pk"),
        linked=Count("pk", filter=Q(account__player__isnull=False)),
        granted=Count("pk", filter=~Q(status=Claim.Status.HELD)),
        delivered=Count("pk", filter=Q(report__isnull=False)),
        in_a_minute=Count("pk", filter=Q(took__lte=MINUTE)),
        in_an_hour=Count("pk", filter=Q(took__lte=HOUR)),
    )
    return sorted((Day(**row) for row in rows), key=lambda one: one.day or date.min)


def add_up(days: Sequence[Day]) -> Day:
    """The sums of all days."""
    names = [field.name for field in fields(Day)[1:]]
    return Day(None, *(sum(getattr(day, name) for day in days) for name in names))


def write_csv(days: Sequence[Day]) -> Iterator[str]:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([field.name for field in fields(Day)])
    writer.writerows(astuple(day) for day in days)
    yield file.getvalue()
