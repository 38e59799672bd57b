from django.urls import path

from platforms.kick.webhook import drops_webhook

WEBHOOK_PATH = "/webhooks/kick/drops"

urlpatterns = [path(WEBHOOK_PATH.removeprefix("/"), drops_webhook)]
