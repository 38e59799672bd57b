"""One factor for the schedule, its pauses and its leases."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from claims.leases import lease
from claims.models import Lease
from core.pace import paced

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_pace_is_the_normal_one_unless_set() -> None:
    assert paced(timedelta(minutes=3)) == timedelta(minutes=3)


@pytest.mark.django_db
def test_pace_shortens_leases_by_its_factor(settings: Settings) -> None:
    settings.SCHEDULE_SPEED = 6

    with lease("job", clock=lambda: NOW):
        lasts = Lease.objects.get().expires_at - NOW

    assert lasts == timedelta(seconds=30)
