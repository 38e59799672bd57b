from django.urls import path

from platforms.kick import EVENTS_PATH, WEBHOOK_PATH
from platforms.kick.webhook import drops_webhook, events_webhook

urlpatterns = [
    path(WEBHOOK_PATH.removeprefix("/"), drops_webhook),
    path(EVENTS_PATH.removeprefix("/"), events_webhook),
    path(f"{EVENTS_PATH.removeprefix('/')}/<str:secret>", events_webhook),
]
