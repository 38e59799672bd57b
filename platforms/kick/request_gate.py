"""Holds requests to Kick back while the budget is used up, or while Kick blocks us.

Kick publishes no limit. Its protection (Cloudflare) blocks everything after too many requests.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from core.request_budget import (
    Admission,
    admit_request,
    current_priority,
    end_pause,
    pause_requests,
)
from platforms.kick.protocol.errors import KickError, KickPaused

PLATFORM = "kick"
# A job that would have to wait longer for its turn frees its thread, and goes on in its next run.
LONGEST_WAIT = timedelta(seconds=2)


class RequestGate:
    """See `platforms.kick.protocol.http.Gate`. Fetches of the public key pass: they are few."""

    @contextmanager
    def pass_through(self, path: str) -> Iterator[None]:
        if path.endswith("/public-key"):
            yield
            return
        admission = _wait_for_admission()
        try:
            yield
        except KickPaused as error:
            pause_requests(
                platform=PLATFORM,
                reason=str(error),
                retry_after=error.retry_after,
                is_probe=admission.is_probe,
                per_minute=settings.KICK_REQUESTS_PER_MINUTE,
                now=timezone.now(),
            )
            raise
        except KickError:
            if admission.is_probe:
                end_pause(platform=PLATFORM)
            raise
        else:
            if admission.is_probe:
                end_pause(platform=PLATFORM)


def _wait_for_admission() -> Admission:
    remaining = LONGEST_WAIT
    while True:
        admission = admit_request(
            platform=PLATFORM,
            priority=current_priority(),
            per_minute=settings.KICK_REQUESTS_PER_MINUTE,
            now=timezone.now(),
        )
        if not admission.wait:
            return admission
        seconds = admission.wait.total_seconds()
        if admission.pause_reason:
            raise KickPaused(admission.pause_reason, retry_after=seconds)
        if admission.wait > remaining:
            raise KickPaused(
                "The budget of requests to Kick is used up.", retry_after=seconds, is_ours=True
            )
        time.sleep(seconds)
        remaining -= admission.wait
