"""The failed outcomes of a link attempt and the page for each."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from accounts.link_attempts import LinkAttemptRefused, StartedByAnotherPlayer
from accounts.links import (
    AccountTaken,
    DeauthorizationUnderWay,
    PlayerHasAnotherAccount,
    RelinkTooSoon,
)
from core.logs import log_event
from core.platform_errors import (
    PlatformError,
    PlatformMalformed,
    PlatformRefused,
    PlatformUnavailable,
)

logger = logging.getLogger(__name__)

# RFC 6749, section 4.1.2.1: the authorization server is down or busy.
UNAVAILABLE = ("server_error", "temporarily_unavailable")


class AuthorizationRefused(Exception):
    """The viewer declined on Kick."""


@dataclass(frozen=True, slots=True)
class End:
    name: str
    status: int

    @property
    def template(self) -> str:
        return f"link/ends/{self.name}.html"


EXPIRED = End("expired", 400)
# The first that fits.
ENDS: tuple[tuple[type[Exception], End], ...] = (
    (StartedByAnotherPlayer, End("another_player", 409)),
    (LinkAttemptRefused, EXPIRED),
    (AuthorizationRefused, End("declined", 200)),
    (AccountTaken, End("taken", 409)),
    (PlayerHasAnotherAccount, End("other_account", 409)),
    (RelinkTooSoon, End("too_soon", 409)),
    (DeauthorizationUnderWay, End("being_revoked", 409)),
    (PlatformUnavailable, End("unreachable", 503)),
    (PlatformError, End("nonsense", 502)),
)


def read_authorization(query: Mapping[str, str]) -> str:
    """The authorization code from Kick's redirect.

    Raises AuthorizationRefused, PlatformUnavailable or PlatformMalformed, by Kick's `error`.
    """
    error = query.get("error")
    if error == "access_denied":
        raise AuthorizationRefused
    if error in UNAVAILABLE:
        raise PlatformUnavailable("Kick couldn't ask for consent just now.")
    if error or not query.get("code"):
        raise PlatformMalformed("Kick sent the player back without a code.")
    return query["code"]


def end_of(failure: Exception) -> End:
    log_event(
        logger,
        "link_failed",
        logging.WARNING if isinstance(failure, PlatformError) else logging.INFO,
        outcome=type(failure).__name__,
    )
    # The code was already used, or an app on the phone held it for too long.
    if isinstance(failure, PlatformRefused) and failure.code == "invalid_grant":
        return EXPIRED
    return next(end for kind, end in ENDS if isinstance(failure, kind))


def end_named(name: str) -> End:
    """The end of this name. Without one: expired."""
    return next((end for _, end in ENDS if end.name == name), EXPIRED)
