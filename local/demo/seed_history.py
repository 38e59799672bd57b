"""Sample data: weeks of claims of other campaigns, so that the desk isn't empty.

The local Kick doesn't know these claims. So each of them is finished or held for a local reason,
and fulfilled ones are marked as already reported to Kick. They don't appear in its claims API.
"""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from claims.models import Campaign, Report
from local.demo.sample_data import make_sample_data

# Creating them takes a second. Pages can count this many without the worker's totals.
CLAIMS = 3000
SEED = 1


@transaction.atomic
def seed_history_once(*, first_own_campaign: str, now: datetime) -> int:
    """Create the sample data if the database is new and in the demo's data folder.

    The database counts as new if `first_own_campaign` is its only campaign, so a repeat does
    nothing. Returns the number of claims created.
    """
    database = settings.DATABASES["default"]
    is_file = database["ENGINE"].endswith("sqlite3")
    is_in_own_folder = is_file and Path(database["NAME"]).parent == Path(settings.VAR_DIR)
    if not is_in_own_folder or Campaign.objects.exclude(pk=first_own_campaign).exists():
        return 0
    return seed_history(now=now)


@transaction.atomic
def seed_history(*, now: datetime) -> int:
    """Create three weeks of claims until `now`, none of which is reported to the local Kick.

    Returns the number of claims created.
    """
    *_, made = make_sample_data(claims=CLAIMS, seed=SEED, now=now)
    Report.objects.pending().update(reported_at=now, next_attempt_at=None)
    return made
