"""Each way in which an OpenID Connect login fails, as the sentence that the player reads."""

from django.utils.translation import gettext as _

from accounts.game_logins.base import GameLoginFailed


def declined() -> GameLoginFailed:
    return GameLoginFailed(_("You stopped the login. Nothing was changed."), status=403)


def expired() -> GameLoginFailed:
    return GameLoginFailed(
        _("This login has expired, or it was begun in another browser. Log in once more.")
    )


def refused() -> GameLoginFailed:
    return GameLoginFailed(
        _("The game’s login did not finish. Log in once more; if it fails again, tell support."),
        status=502,
    )


def unverified() -> GameLoginFailed:
    return GameLoginFailed(
        _(
            "The game’s login gave an answer that could not be verified, so it was not accepted."
            " Log in once more; if it fails again, tell support."
        ),
        status=502,
    )


def no_account() -> GameLoginFailed:
    return GameLoginFailed(
        _("The game’s login did not say which account is yours. Please tell support."), status=502
    )


def unreachable() -> GameLoginFailed:
    return GameLoginFailed(
        _("The game’s login cannot be reached right now. Try again in a minute."), status=503
    )
