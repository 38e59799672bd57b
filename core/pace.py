"""How fast time-based work goes: the schedule, its pauses and its leases, all by one factor."""

from datetime import timedelta

from django.conf import settings


def paced(span: timedelta) -> timedelta:
    """`span` at the setting SCHEDULE_SPEED, which is 1 but for the fault test."""
    paced_span: timedelta = span / settings.SCHEDULE_SPEED
    return paced_span
