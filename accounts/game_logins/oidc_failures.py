"""The player's message for each way an OpenID Connect login can fail."""

from django.utils.translation import gettext as _

from accounts.game_logins.base import GameLoginFailed


def declined() -> GameLoginFailed:
    return GameLoginFailed(
        _("You cancelled the login. Nothing was changed. Log in again to continue."), status=403
    )


def expired() -> GameLoginFailed:
    return GameLoginFailed(
        _("This login has expired or was started in another browser. Log in again.")
    )


def refused() -> GameLoginFailed:
    return GameLoginFailed(
        _("The game’s login didn’t finish. Log in again. If it fails again, contact support."),
        status=502,
    )


def unverified() -> GameLoginFailed:
    return GameLoginFailed(
        _(
            "We couldn’t verify the response from the game’s login, so you aren’t logged in."
            " Log in again. If it fails again, contact support."
        ),
        status=502,
    )


def no_account() -> GameLoginFailed:
    return GameLoginFailed(
        _("The game’s login didn’t say which account is yours. Please contact support."), status=502
    )


def unreachable() -> GameLoginFailed:
    return GameLoginFailed(
        _("The game’s login can’t be reached right now. Try again in a minute."), status=503
    )
