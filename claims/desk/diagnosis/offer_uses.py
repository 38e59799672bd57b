"""The answer about something that a viewer earned by an offer, but that isn't a claim."""

from django.utils.translation import gettext as _

from claims.desk.diagnosis.diagnosis import Diagnosis, when
from claims.models import OfferUse, Redemption
from claims.source import Unanswered


def diagnose_use(use: OfferUse) -> Diagnosis:
    """The answer while it waits, or why it was refused."""
    names = {"offer": use.offer, "channel": use.channel, "at": when(use.occurred_at)}
    if use.outcome == OfferUse.Outcome.WAITING:
        return Diagnosis(
            _("Waiting"),
            "wait",
            _(
                "You earned “%(offer)s” in the channel %(channel)s on %(at)s. The item will arrive "
                "on %(due)s."
            )
            % {**names, "due": when(use.due_at)},
            _("The offer has a delay, because payments can fail after the event."),
        )
    if hasattr(use, "redemption"):
        return _diagnose_redemption(use, use.redemption, names)
    return Diagnosis(
        _("Over a limit"),
        "quiet",
        _(
            "You took part in “%(offer)s” in the channel %(channel)s on %(at)s, but the offer's "
            "limit was reached, so there is no item for it."
        )
        % names,
        _("It was over the %(limit)s. If that is wrong, change the offer and grant by hand.")
        % {"limit": use.get_refusal_display()},
        is_settled=True,
    )


def _diagnose_redemption(
    use: OfferUse, redemption: Redemption, names: dict[str, object]
) -> Diagnosis:
    """Where the viewer's channel points are."""
    if redemption.state == Redemption.State.STUCK:
        return Diagnosis(
            _("Needs a decision"),
            "bad",
            _(
                "You redeemed “%(offer)s” in the channel %(channel)s on %(at)s. Something went "
                "wrong with it. We are looking into it and will get back to you."
            )
            % names,
            _(
                "%(error)s The points are on the platform. If they are spent, grant the item by "
                "hand. If not, ask the streamer to reject the redemption on the platform."
            )
            % {"error": _sentence_of(redemption.error)},
        )
    if use.outcome == OfferUse.Outcome.OPEN:
        is_confirmed = redemption.state == Redemption.State.OPEN
        return Diagnosis(
            _("Waits for the viewer") if is_confirmed else _("Being checked"),
            "wait",
            _(
                "You redeemed “%(offer)s” in the channel %(channel)s on %(at)s. Link your game "
                "account before %(due)s, and the item arrives within a minute. Otherwise your "
                "channel points go back then."
            )
            % {**names, "due": when(use.due_at)},
            _("Nothing was granted yet, and the redemption is still pending on the platform."),
        )
    is_back = redemption.state == Redemption.State.REJECTED
    return Diagnosis(
        _("Points given back") if is_back else _("Points are going back"),
        "quiet" if is_back else "wait",
        _(
            "You redeemed “%(offer)s” in the channel %(channel)s on %(at)s. There was no item for "
            "it, so your channel points were given back."
        )
        % names
        if is_back
        else _(
            "You redeemed “%(offer)s” in the channel %(channel)s on %(at)s. There is no item for "
            "it, so your channel points are being given back. This takes a few minutes."
        )
        % names,
        _("The reason: %(reason)s.") % {"reason": use.get_refusal_display()},
        is_settled=is_back,
    )


def _sentence_of(error: str) -> str:
    """Why staff have to decide."""
    known: dict[str, str] = {
        Unanswered.NOT_FOUND: _("The platform doesn't know the redemption any more."),
        Unanswered.NOT_OWNED: _("The platform says that another app made the reward."),
        Unanswered.UNKNOWN: _("The platform refused the answer without a reason."),
    }
    return str(known.get(error, error))
