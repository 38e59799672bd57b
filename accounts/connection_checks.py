"""Whether a platform still accepts a link's authorization, for a page that a player waits for.

The page itself only introspects the access token, which changes nothing. Without a valid one, the
refresh becomes due, and the job does it: a page that gave up on a slow refresh would lose the
rotated token, and the authorization with it.
"""

import enum
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.channels import has_live_channel
from accounts.links import SENDING_LASTS_AT_MOST
from accounts.models import Authorization, PlatformAccount, Purpose
from accounts.platform_login import PlatformLogin
from accounts.tokens import UnreadableToken, decrypt
from core.early_start import start_after_commit
from core.platform_errors import PlatformError, PlatformRefused, PlatformUnauthorized

REFRESH_AUTHORIZATIONS = "studio_drops.refresh_authorizations"
CHECKED_EVERY = timedelta(minutes=1)
# For a player whom the platform has just sent: it may have ended the connection a moment ago.
CHECKED_ON_ARRIVAL = timedelta(seconds=5)
# The page waits this long for the job's refresh. Then it says that it doesn't know.
REFRESH_TAKES_AT_MOST = timedelta(seconds=20)


class Connection(enum.StrEnum):
    CONFIRMED = "confirmed"
    """The platform accepted it within the last minute."""
    CHECKING = "checking"
    """Ask again in a few seconds."""
    REFUSED = "refused"
    """The platform refused it last time. It may be a mistake of the platform's."""
    ENDED = "ended"
    """Refused for a week: the owner has to authorize us again."""
    UNKNOWN = "unknown"
    """The platform doesn't answer, or the job hasn't run: it isn't known whose fault it is."""


def check_connection(
    *,
    login: PlatformLogin,
    account: PlatformAccount,
    max_age: timedelta = CHECKED_EVERY,
    now: datetime,
) -> Connection:
    """Ask the platform about a linked account, once per `max_age`. Never raises PlatformError.

    A repeat within `max_age` answers from the row.
    """
    rows = Authorization.objects.filter(account=account, purpose=Purpose.PLAYER)
    since = now - max_age
    due = rows.filter(disconnected_at=None).exclude(
        Q(checked_at__gt=since) | Q(confirmed_at__gt=since)
    )
    if due.update(checked_at=now):  # so that only one of several requests at once asks
        _ask(login, rows, now=now)
    state = _state(rows.first(), now=now)
    if state in (Connection.REFUSED, Connection.ENDED) and has_live_channel(account.pk):
        # A platform may end an owner's earlier authorization with a newer one to the same app. The
        # owner's channel shows that the app is still connected.
        return Connection.CONFIRMED
    return state


def _ask(login: PlatformLogin, rows: QuerySet[Authorization], *, now: datetime) -> None:
    authorization = rows.first()
    if authorization is None:
        return
    until = authorization.access_expires_at
    if authorization.encrypted_access_token and until is not None and until > now:
        try:
            is_active = login.is_active(decrypt(authorization.encrypted_access_token))
        except (PlatformRefused, PlatformUnauthorized, UnreadableToken):
            is_active = False
        except PlatformError:
            return
        if is_active:
            rows.filter(obtained_at=authorization.obtained_at).update(confirmed_at=now)
            return
    # Later ones only: one that is sooner is due already, or a worker is exchanging its token.
    later = rows.filter(next_refresh_at__gt=now + SENDING_LASTS_AT_MOST)
    if later.update(next_refresh_at=now):
        start_after_commit(REFRESH_AUTHORIZATIONS)


def _state(authorization: Authorization | None, *, now: datetime) -> Connection:
    if authorization is None or authorization.next_refresh_at is None:
        return Connection.ENDED
    checked_at, confirmed_at = authorization.checked_at, authorization.confirmed_at
    if confirmed_at and confirmed_at >= (checked_at or confirmed_at):
        return Connection.CONFIRMED
    if authorization.refused_since:
        return Connection.REFUSED
    is_due = authorization.next_refresh_at <= now + SENDING_LASTS_AT_MOST
    if is_due and checked_at and checked_at > now - REFRESH_TAKES_AT_MOST:
        return Connection.CHECKING
    return Connection.UNKNOWN
