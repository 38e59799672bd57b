"""Asks the platforms, now, for the claims of one player: “check for missing drops”."""

import logging
import math
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from accounts.models import PlatformAccount, Player
from claims.ledger import retry_account
from claims.models import PlayerSync
from claims.source import Filter, sources_of
from claims.source_page import Tally, record_page
from core.clock import Clock
from core.logs import log_event
from core.platform_errors import PlatformError
from core.request_budget import Priority, request_priority

logger = logging.getLogger(__name__)

# A player is synced at most this often. In between, the last result is the answer.
AT_MOST_EVERY = timedelta(minutes=1)
# A limit in case the platform ignores the filter and sends every claim.
PAGES_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class AccountResult:
    """What a platform said about one linked account.

    `found`: the claims that it has for us; `recorded`: those that were missing here; `granted`: all
    that were granted by this sync. `error`: why the platform couldn't be asked, or "".
    """

    platform: str
    user_id: str
    name: str
    found: int = 0
    recorded: int = 0
    granted: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """`is_new`: made by this call; else it's the last result. `ended_at`: None if the first sync of
    this player is still under way. `retry_after`: seconds until another call asks again.
    """

    accounts: list[AccountResult]
    ended_at: datetime | None
    is_new: bool
    retry_after: int


def sync_player(*, player: Player, clock: Clock) -> SyncResult:
    """Record the claims that the linked accounts' platforms have and we lack, and grant them.

    On a repeat within a minute, and of two calls at once, only one asks; the other returns the last
    result. Never raises PlatformError: a platform that fails has an `error`, and the others are
    asked all the same.
    """
    now = clock()
    if not _start(player, now):
        return last_sync(player=player, now=now)
    accounts = list(PlatformAccount.objects.filter(player=player).order_by("pk"))
    results = [_sync_account(account, now=now) for account in accounts]
    ended_at = clock()
    PlayerSync.objects.filter(player=player).update(
        ended_at=ended_at, accounts=[asdict(result) for result in results]
    )
    log_event(
        logger,
        "player_synced",
        player=player.pk,
        found=sum(one.found for one in results),
        recorded=sum(one.recorded for one in results),
        granted=sum(one.granted for one in results),
        errors=sum(bool(one.error) for one in results),
    )
    seconds = int(AT_MOST_EVERY.total_seconds())
    return SyncResult(results, ended_at, is_new=True, retry_after=seconds)


def _start(player: Player, now: datetime) -> bool:
    """Whether this call is the one that asks."""
    _row, is_new = PlayerSync.objects.get_or_create(player=player, defaults={"started_at": now})
    if is_new:
        return True
    due = PlayerSync.objects.filter(player=player, started_at__lte=now - AT_MOST_EVERY)
    return bool(due.update(started_at=now))


def last_sync(*, player: Player, now: datetime) -> SyncResult:
    """The last result. Raises PlayerSync.DoesNotExist if the player was never synced."""
    row = PlayerSync.objects.get(player=player)
    accounts: list[dict[str, Any]] = row.accounts
    left = row.started_at + AT_MOST_EVERY - now
    return SyncResult(
        [AccountResult(**one) for one in accounts],
        row.ended_at,
        is_new=False,
        retry_after=max(1, math.ceil(left.total_seconds())),
    )


def _sync_account(account: PlatformAccount, *, now: datetime) -> AccountResult:
    result = AccountResult(account.platform, account.user_id, account.name)
    tally, found, error = Tally(), 0, ""
    try:
        with request_priority(Priority.LOOKUP):
            for source in sources_of(account.platform):
                wanted = Filter(user_id=account.user_id)
                for page in islice(source.pages(wanted), PAGES_AT_MOST):
                    tally += record_page(page, source=source.name, now=now)
                    # Only this account's: the platform may have ignored the filter.
                    found += sum(award.account == account.pk for award in page.awards)
    except PlatformError as failure:
        error = str(failure)
    granted = tally.granted + retry_account(account_id=account.pk, now=now)
    return replace(result, found=found, recorded=tally.recorded, granted=granted, error=error)
