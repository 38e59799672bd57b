"""Speeds up the schedule, its pauses and its leases by one factor."""

from datetime import timedelta

from django.conf import settings


def paced(span: timedelta) -> timedelta:
    """`span` divided by the setting SCHEDULE_SPEED, which is 1 except in the chaos test."""
    paced_span: timedelta = span / settings.SCHEDULE_SPEED
    return paced_span
