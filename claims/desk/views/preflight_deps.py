"""Builds a preflight's external dependencies from the settings. For entry points only."""

from pathlib import Path

from django.conf import settings

from claims.desk.preflight import Outside
from platforms.kick.client import KEY_FILE_NAME, get_kick
from platforms.kick.key_file import KeyFile


def from_settings() -> Outside:
    kick = get_kick()
    return Outside(
        oauth=kick.oauth,
        api=kick.api,
        key_file=KeyFile(Path(settings.VAR_DIR) / KEY_FILE_NAME),
        api_url=settings.KICK_API_URL,
        webhook_url=f"{settings.PUBLIC_URL}/webhooks/kick/drops",
    )
