"""What a platform's login offers. `platforms/` implements it; `studio_drops` registers it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.models import Purpose


@dataclass(frozen=True, slots=True)
class PlatformTokens:
    """What a platform issues for an authorization. The tokens never show in a repr."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str
    # How long the access token works, in seconds. 0 if the platform doesn't say.
    expires_in: float = 0


@dataclass(frozen=True, slots=True)
class PlatformUser:
    """The owner of a token. `name` may be blank."""

    user_id: str
    name: str


class PlatformLogin:
    """Subclasses set the attributes and fill the methods.

    All methods that call the platform raise `core.platform_errors.PlatformError`.
    """

    platform: str
    # The platform's name as people write it.
    label: Any
    # Whom to ask to associate an app with an organization: a sentence.
    association_contact: Any = ""

    def __str__(self) -> str:
        return self.platform

    def new_verifier(self) -> str:
        """A new PKCE code verifier."""
        raise NotImplementedError

    def authorize_url(self, *, state: str, verifier: str, purpose: Purpose = Purpose.PLAYER) -> str:
        """Where to send a player who wants to link, or a streamer who connects a channel."""
        raise NotImplementedError

    def origins(self) -> Sequence[str]:
        """The origins that a player is redirected to while linking. Our pages must allow them."""
        return ()

    def exchange_code(
        self, *, code: str, verifier: str, purpose: Purpose = Purpose.PLAYER
    ) -> PlatformTokens:
        """`purpose` as in the URL that the code was asked for with."""
        raise NotImplementedError

    def is_enough(self, scope: str, *, purpose: Purpose) -> bool:  # noqa: ARG002
        """Whether tokens of this scope are enough: an owner may have allowed less than asked."""
        return True

    def current_user(self, access_token: str) -> PlatformUser:
        raise NotImplementedError

    def find_user(self, name: str) -> PlatformUser | None:
        """The account of this name, in any case. None if there is none, or no way to look it up."""
        raise NotImplementedError

    def name_of(self, user_id: str) -> str:
        """The name of an account, or "" if it's unknown."""
        raise NotImplementedError

    def is_active(self, access_token: str) -> bool:
        """Whether the platform still accepts this access token. Asking changes nothing.

        Raises PlatformUnavailable after about two seconds, because a player waits for it.
        """
        raise NotImplementedError

    def refresh(self, refresh_token: str) -> PlatformTokens:
        """Exchange a refresh token for new tokens. The old refresh token may be used up."""
        raise NotImplementedError

    def revoke(self, refresh_token: str) -> None:
        """End an authorization. Returns silently for a token that the platform doesn't know."""
        raise NotImplementedError

    def check_credentials(self) -> None:
        """Raises PlatformError if the platform doesn't accept our app's credentials."""
        raise NotImplementedError


_logins: dict[str, PlatformLogin] = {}


def register_login(login: PlatformLogin) -> None:
    """Make a platform's login known. A repeat replaces it."""
    _logins[login.platform] = login


def unregister_login(platform: str) -> None:
    _logins.pop(platform, None)


def get_login(platform: str) -> PlatformLogin:
    """Raises KeyError for an unknown platform."""
    return _logins[platform]


def all_logins() -> list[PlatformLogin]:
    """In the order of registration."""
    return list(_logins.values())


def platform_label(platform: str) -> str:
    """A platform's name as people write it."""
    return str(_logins[platform].label) if platform in _logins else platform
