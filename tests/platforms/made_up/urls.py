from django.urls import path

from tests.platforms.made_up.webhook import rewards_webhook

WEBHOOK_PATH = "/webhooks/made_up/rewards"

urlpatterns = [path(WEBHOOK_PATH.removeprefix("/"), rewards_webhook)]
