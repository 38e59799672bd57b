"""The demo's past: beside what the visitor plays, and nothing that the local Kick would refuse."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from claims.models import Campaign, Claim, Report
from local.demo.catalogue import CAMPAIGN
from local.demo.seed_history import CLAIMS, seed_history, seed_history_once
from tests.factories import NOW, make_campaign

pytestmark = pytest.mark.django_db

# In the evening, when claims come by the minute, Kick is still to be told of some.
EVENING = NOW.replace(hour=19, minute=4)


def test_past_leaves_nothing_to_tell_kick() -> None:
    assert seed_history(now=EVENING) == CLAIMS

    assert Report.objects.exists()
    assert not Report.objects.pending().exists()
    assert Claim.objects.filter(recorded_at__gte=EVENING - timedelta(hours=1)).count() > 20
    assert CAMPAIGN not in Campaign.objects.values_list("name", flat=True)


def test_past_is_made_in_the_demos_own_folder_alone(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path

    assert seed_history_once(first_own_campaign=make_campaign().pk, now=EVENING) == 0
    assert not Claim.objects.exists()
