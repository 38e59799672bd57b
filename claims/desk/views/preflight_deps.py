"""Builds a preflight's external dependencies from the settings. For entry points only."""

from django.conf import settings

from claims.desk.preflight import Outside
from platforms.kick.client import get_kick
from platforms.kick.urls import WEBHOOK_PATH


def from_settings() -> Outside:
    kick = get_kick()
    return Outside(
        oauth=kick.oauth,
        api=kick.api,
        api_url=settings.KICK_API_URL,
        webhook_url=f"{settings.PUBLIC_URL}{WEBHOOK_PATH}",
    )
