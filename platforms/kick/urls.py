from django.urls import path

from platforms.kick import WEBHOOK_PATH
from platforms.kick.webhook import drops_webhook

urlpatterns = [path(WEBHOOK_PATH.removeprefix("/"), drops_webhook)]
