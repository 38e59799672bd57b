"""Revoke the authorizations of ended links at their platforms.

The row is the job. A worker takes it under its account's lock, calls the platform outside any
transaction, and stores the outcome afterwards. If the worker dies in between, the row becomes due
again. Revoking twice is safe.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import models, transaction

from accounts.links import SENDING_LASTS_AT_MOST
from accounts.models import Deauthorization
from accounts.platform_accounts import lock_account_if_free
from accounts.platform_login import PlatformLogin
from accounts.tokens import UnreadableToken, decrypt
from core.clock import RunningClock
from core.leases import AT_A_STRETCH, no_lease
from core.logs import log_event
from core.platform_errors import PlatformError, PlatformUnavailable

logger = logging.getLogger(__name__)

AT_MOST = 100

Outcome = Deauthorization.Outcome


def send_deauthorizations(
    *, login: PlatformLogin, now: datetime, renew: Callable[[], None] = no_lease
) -> int:
    """Revoke due authorizations at a platform, one at a time. Returns the number revoked.

    A failed one is due again after a pause that doubles each time. Several workers may run this at
    once. Raises PlatformUnavailable as soon as the platform is unavailable. `renew` is called after
    each answer. A repeat returns 0.
    """
    clock, revoked = RunningClock(now), 0
    for _ in range(AT_MOST):
        deauthorization = _take_due(login.platform, now=clock())
        if deauthorization is None:
            break
        try:
            login.revoke(decrypt(deauthorization.encrypted_refresh_token))
        except (PlatformError, UnreadableToken) as error:
            retry_after = error.retry_after if isinstance(error, PlatformUnavailable) else None
            back_off = settings.BACK_OFFS["deauthorization"]
            pause = back_off.pause(deauthorization.attempts, retry_after=retry_after)
            _still_ours(deauthorization).update(next_attempt_at=clock() + pause, sending_since=None)
            _log(deauthorization, outcome=type(error).__name__, level=logging.WARNING)
            if isinstance(error, PlatformUnavailable):
                raise
        else:
            _still_ours(deauthorization).update(
                outcome=Outcome.REVOKED,
                encrypted_refresh_token=b"",
                next_attempt_at=None,
                sending_since=None,
                ended_at=clock(),
            )
            _log(deauthorization, outcome="revoked")
            revoked += 1
        renew()
        if clock() - now >= AT_A_STRETCH:
            break
    return revoked


def _take_due(platform: str, *, now: datetime) -> Deauthorization | None:
    """Take one due row, so that other workers and links stay away from it for the next minutes.

    Rows whose account is locked are left for the next run. This keeps the lock order (account
    first) without waiting.
    """
    due = Deauthorization.objects.filter(
        outcome=Outcome.PENDING, next_attempt_at__lte=now, account__platform=platform
    )
    account_ids = due.order_by("next_attempt_at").values_list("account_id", flat=True)
    for account_id in account_ids[:AT_MOST]:
        with transaction.atomic():
            if not lock_account_if_free(account_id):
                continue
            deauthorization = due.filter(account_id=account_id).order_by("next_attempt_at").first()
            if deauthorization is not None:
                deauthorization.attempts += 1
                deauthorization.sending_since = now
                deauthorization.next_attempt_at = now + SENDING_LASTS_AT_MOST
                deauthorization.save(update_fields=["attempts", "sending_since", "next_attempt_at"])
                return deauthorization
    return None


def _still_ours(deauthorization: Deauthorization) -> models.QuerySet[Deauthorization]:
    """Empty if a link or another worker took over the row during the call."""
    return Deauthorization.objects.filter(
        pk=deauthorization.pk, outcome=Outcome.PENDING, attempts=deauthorization.attempts
    )


def _log(deauthorization: Deauthorization, *, outcome: str, level: int = logging.INFO) -> None:
    log_event(
        logger,
        "deauthorization",
        level,
        account_id=deauthorization.account_id,
        attempts=deauthorization.attempts,
        outcome=outcome,
    )
