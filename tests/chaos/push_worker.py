"""A worker that only pushes webhooks, until it's killed. Started by `tests.chaos.push`."""

import time

import django

django.setup()

from django.utils import timezone  # noqa: E402

from claims.webhooks.pushing import push_webhooks  # noqa: E402
from tests.chaos.push import hasten  # noqa: E402

hasten()
while True:
    if not push_webhooks(clock=timezone.now):
        time.sleep(0.5)
