from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from platforms.kick.client import get_kick
from platforms.kick.protocol.api import KickApi
from tests.claims.desk.addresses import addresses  # noqa: F401
from tests.claims.desk.admin.rows import one_of_each  # noqa: F401
from tests.claims.staff_browser import browser, page  # noqa: F401
from tests.local_kick_process import LocalKick


@pytest.fixture
def staff(db: None) -> Callable[[str], Client]:
    """A browser in which a member of this group is logged in."""

    def log_in(group: str) -> Client:
        user, _ = User.objects.get_or_create(username=f"{group}-ada", is_staff=True)
        user.groups.set([Group.objects.get(name=group)])
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def admin_client(db: None) -> Client:
    """Logged in without a password: hashing one takes longer than most tests."""
    client = Client()
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def support(staff: Callable[[str], Client]) -> Client:
    return staff("support")


@pytest.fixture
def ops(staff: Callable[[str], Client]) -> Client:
    return staff("ops")


@pytest.fixture
def api(local_kick: LocalKick, settings: Any) -> Iterator[KickApi]:
    """Our organization's claims at the local Kick."""
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    return get_kick().api


@pytest.fixture
def make_nobody(db: None) -> User:
    """Staff in no group."""
    return User.objects.create(username="just-staff", is_staff=True)
