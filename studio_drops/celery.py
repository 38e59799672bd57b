"""The Celery application: `celery -A studio_drops worker` and `celery -A studio_drops beat`.

A queue message only wakes up the worker. Due work is recorded in the database, so if a message is
lost, the next scheduled run does the work.
"""

import os

from celery import Celery
from celery.signals import beat_init, celeryd_init, worker_shutting_down
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES

from studio_drops.monitoring.prometheus import share_metrics
from studio_drops.schedule import HEARTBEAT, beat_schedule, task_name
from studio_drops.stopping import note_stop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio_drops.settings")

# Kick and players wait for the web server, but not for the worker. If they share CPU cores, the web
# server goes first.
NICENESS = 5

# Kombu's filesystem transport can read a message before it's completely written.
TRANSPORT_ALIASES["filesystem"] = "studio_drops.filesystem_broker:Transport"

app = Celery("studio_drops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = beat_schedule(settings.JOB_PERIODS)
app.autodiscover_tasks()


@celeryd_init.connect
def share_worker_metrics(**_details: object) -> None:
    """Runs before the tasks import prometheus_client."""
    share_metrics("worker")


@celeryd_init.connect
def make_way_for_the_web(**_details: object) -> None:
    is_already = os.getpriority(os.PRIO_PROCESS, 0)  # only root may lower it again
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, is_already))


@worker_shutting_down.connect
def end_loops(**_details: object) -> None:
    note_stop()


@beat_init.connect
def send_first_heartbeat(**_details: object) -> None:
    """Otherwise a new system would seem to have no scheduler for its first minute."""
    app.send_task(task_name(HEARTBEAT))


@beat_init.connect
def subscribe_at_start(**_details: object) -> None:
    """Events that arrive before the subscriptions are checked could be lost."""
    app.send_task(task_name("keep_subscriptions"))
