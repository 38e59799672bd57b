"""The platforms of this deployment: one line each. All else about a platform is in its package."""

from collections.abc import Callable
from importlib import import_module
from typing import Protocol

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

from platforms import kick

Webhook = Callable[[HttpRequest], HttpResponse]


class Platform(Protocol):
    """A platform's package. Its module `urls` has the `urlpatterns` of its webhooks."""

    @property
    def __name__(self) -> str: ...

    def register(self) -> None:
        """Register the platform's login and sources. A repeat changes nothing."""


PLATFORMS: tuple[Platform, ...] = (kick,)


def register_platforms() -> None:
    """Register each platform's login and sources. A repeat changes nothing."""
    for platform in PLATFORMS:
        platform.register()


def webhook_urls() -> list[URLPattern]:
    """The URLs of all platforms' webhooks. Needs `django.setup()`."""
    return [
        pattern
        for platform in PLATFORMS
        for pattern in import_module(f"{platform.__name__}.urls").urlpatterns
    ]


def webhooks() -> dict[str, Webhook]:
    """All platforms' webhooks by path, such as `/webhooks/kick/drops`."""
    return {f"/{pattern.pattern}": pattern.callback for pattern in webhook_urls()}
