"""Weeks of made-up claims beside the campaign that the visitor plays: a desk that looks lived in.

The local Kick knows none of them, so each of them is finished or waits for something here: what the
game has handed out counts as told to Kick. Its claims API shows nothing of their campaigns.
"""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F

from claims.models import Campaign, Claim
from local.demo.sample_data import make_sample_data

# They take a second to make. A page counts so many by itself, without waiting for the worker.
CLAIMS = 3000
SEED = 1


@transaction.atomic
def seed_history_once(*, first_own_campaign: str, now: datetime) -> int:
    """Make the claims, once and in the demo's own data folder alone. Returns how many were made.

    A fresh demo has no campaign but `first_own_campaign`; with others there, it has lived already.
    """
    others = Campaign.objects.exclude(pk=first_own_campaign)
    if others.exists() or not _is_in_own_folder():
        return 0
    return seed_history(now=now)


@transaction.atomic
def seed_history(*, now: datetime) -> int:
    """Three weeks until `now`, of which the local Kick is to be told nothing. Returns how many."""
    *_, made = make_sample_data(claims=CLAIMS, seed=SEED, now=now)
    untold = Claim.objects.exclude(external_status=F("wanted_external_status"))
    untold.update(external_status=F("wanted_external_status"))
    return made


def _is_in_own_folder() -> bool:
    database = settings.DATABASES["default"]
    is_file = database["ENGINE"].endswith("sqlite3")
    return is_file and Path(database["NAME"]).parent == Path(settings.VAR_DIR)
