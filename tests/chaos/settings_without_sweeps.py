"""The product's settings, with catch-up as the only one that reads the claims API."""

from studio_drops.settings import *  # noqa: F403
from studio_drops.settings import CELERY_BEAT_SCHEDULE

CELERY_BEAT_SCHEDULE = {
    name: entry for name, entry in CELERY_BEAT_SCHEDULE.items() if name != "sweep"
}
