"""The Celery application: `celery -A studio_drops worker` and `celery -A studio_drops beat`.

A queue message is only a wake-up. The database says what is due, and the next scheduled run finds
whatever a lost message would have done.
"""

import os

from celery import Celery
from celery.signals import celeryd_init
from kombu.transport import TRANSPORT_ALIASES

from studio_drops.monitoring.prometheus import share_metrics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio_drops.settings")

# Kick and players wait for the web, and nobody waits for a worker: where they share cores, the
# worker takes what is left.
NICENESS = 5

# Kombu's own may read what it is still writing.
TRANSPORT_ALIASES["filesystem"] = "studio_drops.filesystem_broker:Transport"

app = Celery("studio_drops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def share_worker_metrics(**_details: object) -> None:
    """Before the tasks are imported, and prometheus_client with them."""
    share_metrics("worker")


@celeryd_init.connect
def make_way_for_the_web(**_details: object) -> None:
    is_already = os.getpriority(os.PRIO_PROCESS, 0)  # only root may go below that again
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, is_already))
