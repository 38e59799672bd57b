"""The platforms of this deployment: one line each. `studio_drops` calls `register_platforms`."""

from platforms import kick

PLATFORMS = (kick,)


def register_platforms() -> None:
    """Register each platform's login and sources. A repeat changes nothing."""
    for platform in PLATFORMS:
        platform.register()
