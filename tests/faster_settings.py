"""The product's settings, with the jobs TEST_SPEED times as fast.

For tests that run the whole system. TEST_WITHOUT_JOBS names jobs that aren't scheduled at all,
separated by commas. This file may be copied, so it imports nothing from the tests.
"""

import os

from core.backoff import BackOff
from studio_drops.settings import *  # noqa: F403
from studio_drops.settings import (
    BACK_OFFS,
    CATCH_UP_REST,
    JOB_PERIODS,
    KICK_REQUESTS_PER_MINUTE,
    LEASE_LASTS,
    REDEMPTIONS_LISTED_EVERY,
)

_SPEED = float(os.environ["TEST_SPEED"])
_LEFT_OUT = os.environ.get("TEST_WITHOUT_JOBS", "").split(",")

JOB_PERIODS = {job: period / _SPEED for job, period in JOB_PERIODS.items() if job not in _LEFT_OUT}
LEASE_LASTS /= _SPEED
CATCH_UP_REST /= _SPEED
REDEMPTIONS_LISTED_EVERY /= _SPEED
REDEMPTIONS_SWEPT_EVERY = REDEMPTIONS_LISTED_EVERY * 2
KICK_REQUESTS_PER_MINUTE = round(KICK_REQUESTS_PER_MINUTE * _SPEED)
BACK_OFFS = {
    name: BackOff(first=back_off.first / _SPEED, longest=back_off.longest / _SPEED)
    for name, back_off in BACK_OFFS.items()
}
