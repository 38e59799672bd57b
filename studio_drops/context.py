"""Variables for every template."""

from django.conf import settings
from django.http import HttpRequest


def deployment(_request: HttpRequest) -> dict[str, str | int]:
    return {
        "game_name": settings.GAME_NAME,
        "support_url": settings.SUPPORT_URL,
        "kick_inventory_url": settings.KICK_INVENTORY_URL,
        "relink_cooldown_days": settings.RELINK_COOLDOWN_DAYS,
    }
